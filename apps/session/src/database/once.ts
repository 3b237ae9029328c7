/**
 * Commands that are done once: an `Idempotency-Key` makes a repeat safe, whatever became of the first call.
 *
 * The key's row is written first in the command's own transaction and answered before its commit, so the change and its
 * answer are stored together or not at all. Whoever comes with the same key while the first is under way finds the row
 * locked and is told to wait; afterwards the stored answer is given again. A refusal changes nothing and is not stored: its
 * repeat is judged anew.
 */
import { hash } from 'node:crypto';
import type { DataSource, EntityManager } from 'typeorm';
import { Refusal } from '#libs/contracts';
import { errnoOf, isDuplicate, isRetryable, transact } from './transact.ts';

/** Whose key it is, for which call, and with which body. */
export interface Once {
  readonly caller: string;
  readonly method: string;
  readonly path: string;
  readonly key: string;
  readonly body: unknown;
}

const LOCK_NOT_AVAILABLE = 3572;

/** As `transact`; what `work` returns must be what is answered, and JSON. */
export function transactOnce<T>(
  dataSource: DataSource,
  once: Once | undefined,
  work: (tx: EntityManager) => Promise<T>,
): Promise<T> {
  if (!once) return transact(dataSource, work);
  const key_hash = hash('sha256', [once.caller, once.method, once.path, once.key].join('\n'));
  const body_hash = hash('sha256', JSON.stringify(once.body ?? null));
  return transact(dataSource, async (tx) => {
    const stored = (await findAnswer(tx, key_hash)) ?? (await beginAnswer(tx, key_hash, body_hash));
    if (stored && stored.body_hash !== body_hash) throw new Refusal('IDEMPOTENCY_MISMATCH');
    if (stored) return JSON.parse(stored.answer) as T;
    const answer = await work(tx);
    await tx.query('UPDATE idempotency_keys SET answer = ? WHERE key_hash = ?', [JSON.stringify(answer), key_hash]);
    return answer;
  });
}

interface Stored {
  body_hash: string;
  answer: string;
}

/** @throws Refusal IN_PROGRESS when somebody else is just writing it */
async function findAnswer(tx: EntityManager, key_hash: string): Promise<Stored | undefined> {
  try {
    const [row] = await tx.query<Stored[]>(
      'SELECT body_hash, answer FROM idempotency_keys WHERE key_hash = ? FOR UPDATE NOWAIT',
      [key_hash],
    );
    return row;
  } catch (error) {
    // MySQL has a number of its own for it; MariaDB says that the wait, of no time at all, was too long.
    if (errnoOf(error) === LOCK_NOT_AVAILABLE || isRetryable(error)) throw new Refusal('IN_PROGRESS');
    throw error;
  }
}

/** Takes the key for this transaction; returns what another one has stored in between. */
async function beginAnswer(tx: EntityManager, key_hash: string, body_hash: string): Promise<Stored | undefined> {
  try {
    await tx.query('INSERT INTO idempotency_keys (key_hash, body_hash) VALUES (?, ?)', [key_hash, body_hash]);
    return undefined;
  } catch (error) {
    if (isDuplicate(error)) return findAnswer(tx, key_hash);
    if (isRetryable(error)) throw new Refusal('IN_PROGRESS');
    throw error;
  }
}
