import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import { redactFields, redactText } from './redact.ts';

export type Logger = PinoLogger;

export interface LoggerOptions {
  readonly service: string;
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Standard output unless given. */
  readonly destination?: DestinationStream;
}

/**
 * A logger of JSON lines: `log.info({ session_id }, 'text')`, errors as `{ err }`. Secrets, tokens and the words people
 * write are replaced, in nested fields and inside texts too. Writes are synchronous, so that the last line before an exit
 * is not lost.
 */
export function createLogger({ service, level, destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    // The formatter below has made plain fields of errors already.
    serializers: { err: (err: unknown) => err },
    formatters: { level: (label: string) => ({ level: label }), log: redactFields },
    hooks: {
      logMethod(this: PinoLogger, args: Parameters<pino.LogFn>, method: pino.LogFn) {
        const safe = args.map((part: unknown) => (typeof part === 'string' ? redactText(part) : part));
        method.apply(this, safe as Parameters<pino.LogFn>);
      },
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
