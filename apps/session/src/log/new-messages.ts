import type { DataSource } from 'typeorm';

const POLL_MS = 400;

interface Waiter {
  session_id: string;
  after_seq: number;
  wake: (came: boolean) => void;
}

/**
 * Wakes those who wait for a session's next message: at once for what this replica stored, by one question for all
 * waiters together, some times a second, for what others stored. Nobody waits, nothing is asked.
 */
export class NewMessages {
  readonly #dataSource: DataSource;
  readonly #waiters = new Set<Waiter>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  /** True when something newer than `after_seq` may have come, false when the time is over or the caller has gone. */
  waitFor(session_id: string, after_seq: number, limit_ms: number, signal: AbortSignal): Promise<boolean> {
    if (this.#isClosed) return Promise.resolve(false);
    return new Promise((resolve) => {
      const end = (came: boolean) => {
        clearTimeout(limit);
        signal.removeEventListener('abort', leave);
        this.#waiters.delete(waiter);
        resolve(came);
      };
      const leave = () => end(false);
      const waiter: Waiter = { session_id, after_seq, wake: end };
      const limit = setTimeout(leave, limit_ms);
      signal.addEventListener('abort', leave);
      this.#waiters.add(waiter);
      this.#schedule();
    });
  }

  noticeStored(session_ids: ReadonlySet<string>): void {
    for (const waiter of this.#waiters) if (session_ids.has(waiter.session_id)) waiter.wake(true);
  }

  /** Lets all go; whoever comes later is not held. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const waiter of this.#waiters) waiter.wake(false);
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => void this.#poll(), POLL_MS);
  }

  async #poll(): Promise<void> {
    try {
      const heads = await this.#heads([...new Set([...this.#waiters].map((waiter) => waiter.session_id))]);
      for (const waiter of this.#waiters) {
        if ((heads.get(waiter.session_id) ?? 0) > waiter.after_seq) waiter.wake(true);
      }
    } catch {
      // The database is away: the waiters go on waiting, and are answered when their time is over.
    } finally {
      this.#timer = undefined;
      if (this.#waiters.size > 0) this.#schedule();
    }
  }

  async #heads(session_ids: readonly string[]): Promise<Map<string, number>> {
    if (session_ids.length === 0) return new Map();
    const rows = await this.#dataSource.query<{ session_id: string; last: string | number }[]>(
      'SELECT session_id, MAX(seq_id) AS last FROM messages WHERE session_id IN (?) GROUP BY session_id',
      [session_ids],
    );
    return new Map(rows.map((row) => [row.session_id, Number(row.last)]));
  }
}
