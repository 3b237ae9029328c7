/** Where the last words go. */
export interface CrashLog {
  fatal(fields: object, message: string): void;
}

/** Ends the process with status 1 after a last log line. */
export type Crash = (error: unknown) => void;

/**
 * After an error nobody expected the state of the process is unknown: it is logged and the process ends with status 1, for
 * its supervisor to start anew. Covers uncaught exceptions, unhandled rejections, and whoever calls the returned function.
 */
export function handleCrashes({
  log,
  exit = (status) => process.exit(status),
}: {
  log: CrashLog;
  exit?: (status: number) => void;
}): Crash {
  const crash: Crash = (err) => {
    log.fatal({ err }, 'the process ends: unexpected error');
    exit(1);
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  return crash;
}
