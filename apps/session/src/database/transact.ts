import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource, EntityManager } from 'typeorm';

const TRIES = 6;
const DEADLOCK = 1213;
const LOCK_WAIT_TIMEOUT = 1205;
const DUPLICATE = 1062;

/**
 * Runs `work` in one transaction and commits when it returns; a throw rolls back, so refusals must be thrown.
 * Deadlocks and lock waits that timed out are tried again: `work` may run several times and must have no other effects.
 */
export async function transact<T>(dataSource: DataSource, work: (tx: EntityManager) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await dataSource.transaction('READ COMMITTED', work);
    } catch (error) {
      if (attempt === TRIES || !isRetryable(error)) throw error;
      await delay(Math.random() * 20 * attempt);
    }
  }
}

/** Whether the same statement may succeed when it is run again. */
export function isRetryable(error: unknown): boolean {
  return [DEADLOCK, LOCK_WAIT_TIMEOUT].includes(errnoOf(error) ?? 0);
}

/** What was read before a lock was had is outdated: the transaction begins again. */
export class LockLost extends Error {
  readonly errno = LOCK_WAIT_TIMEOUT;
}

/** Whether a unique key refused the row; with a name, whether it was that key. */
export function isDuplicate(error: unknown, key?: string): boolean {
  return errnoOf(error) === DUPLICATE && (key === undefined || String((error as Error).message).includes(key));
}

/** The server's error number; undefined when the connection failed or it was no database error at all. */
export function errnoOf(error: unknown): number | undefined {
  const errno = (error as { errno?: unknown } | null)?.errno;
  // Node's own connection errors have a negative errno; the server's are positive.
  return typeof errno === 'number' && errno > 0 ? errno : undefined;
}

/** Whether the database could not be reached or went away in the middle: the outcome is unknown. */
export function isConnectionLost(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && lostCodes.has(code)) return true;
  return typeof message === 'string' && /closed state|Connection lost|server has gone away/i.test(message);
}

const lostCodes = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'ER_SERVER_SHUTDOWN',
  'ER_CON_COUNT_ERROR',
  'ER_CONNECTION_KILLED',
  'ER_CLIENT_INTERACTION_TIMEOUT',
  'CR_SERVER_LOST',
  'CR_SERVER_GONE_ERROR',
]);

/** The database's clock, in milliseconds since 1970: the only one for ids of sessions, queue order and deadlines. */
export async function databaseTime(tx: EntityManager): Promise<number> {
  const [row] = await tx.query<{ now_ms: string }[]>('SELECT FLOOR(UNIX_TIMESTAMP(NOW(6)) * 1000) AS now_ms');
  return Number(row?.now_ms);
}
