import { type LogEntry, logLevel } from 'kafkajs';
import type { Log } from './ports.ts';

/** Sees each line that kafkajs logs before it is written; what it throws goes up through the kafkajs code that logged. */
export type LogTap = (message: string, fields: Readonly<Record<string, unknown>>) => void;

// kafkajs calls errors what belongs to every deployment: members come and go, leaders move.
const ORDINARY =
  /rebalanc|re-joining|not aware of this member|Heartbeat\(key: 12|JoinGroup\(key: 11|SyncGroup\(key: 14/i;

/** Turns kafkajs' log lines into ours. */
export function toKafkajsLog(log: Log, tap?: LogTap) {
  return () =>
    ({ namespace, level, log: { message, timestamp: _timestamp, logger: _logger, ...fields } }: LogEntry): void => {
      tap?.(message, fields);
      const entry = { kafkajs: namespace, ...fields };
      const text = `kafkajs: ${message}`;
      if (level === logLevel.ERROR && !ORDINARY.test(message)) log.error(entry, text);
      else if (level === logLevel.ERROR || level === logLevel.WARN) log.warn(entry, text);
      // Joins, pauses and seeks are told by this lib in its own words.
      else log.debug(entry, text);
    };
}
