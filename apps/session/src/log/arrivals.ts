/**
 * Long polls: requests that wait for something new in a session's log.
 *
 * One poller a replica asks for all waiting sessions at once, twice a second, however many requests wait; what this replica
 * stored itself wakes them at once. Waking is a hint: whoever wakes reads the log, and may go on waiting.
 */
import type { Logger } from '#libs/observability';

const POLL_MS = 500;
const SESSIONS_A_QUESTION = 1_000;

interface Waiting {
  readonly after_seq: number;
  readonly wake: () => void;
}

export interface Heads {
  lastSeqs(session_ids: readonly string[]): Promise<ReadonlyMap<string, number>>;
}

export class Arrivals {
  readonly #heads: Heads;
  readonly #log: Logger;
  readonly #waiting = new Map<string, Set<Waiting>>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(heads: Heads, log: Logger) {
    this.#heads = heads;
    this.#log = log;
  }

  /** Resolves when there may be something behind `after_seq`, when the time is over, or when the signal aborts. */
  async wait(session_id: string, after_seq: number, wait_ms: number, signal: AbortSignal): Promise<void> {
    if (wait_ms <= 0 || signal.aborted || this.#stopped) return;
    await new Promise<void>((resolve) => {
      const all = this.#waiting.get(session_id) ?? new Set();
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        all.delete(waiting);
        if (all.size === 0 && this.#waiting.get(session_id) === all) this.#waiting.delete(session_id);
        resolve();
      };
      const waiting: Waiting = { after_seq, wake: end };
      const timer = setTimeout(end, wait_ms);
      signal.addEventListener('abort', end);
      this.#waiting.set(session_id, all.add(waiting));
      this.#schedule();
    });
  }

  /** This replica has stored something in these sessions. */
  note(session_ids: ReadonlySet<string>): void {
    for (const session_id of session_ids) {
      for (const { wake } of [...(this.#waiting.get(session_id) ?? [])]) wake();
    }
  }

  /** Lets all waiting requests go, and every later one at once. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const all of [...this.#waiting.values()]) for (const { wake } of [...all]) wake();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#stopped || this.#waiting.size === 0) return;
    this.#timer = setTimeout(() => {
      void this.#poll().finally(() => {
        this.#timer = undefined;
        this.#schedule();
      });
    }, POLL_MS);
  }

  async #poll(): Promise<void> {
    const session_ids = [...this.#waiting.keys()];
    try {
      for (let from = 0; from < session_ids.length; from += SESSIONS_A_QUESTION) {
        const heads = await this.#heads.lastSeqs(session_ids.slice(from, from + SESSIONS_A_QUESTION));
        for (const [session_id, head] of heads) this.#wakeBehind(session_id, head);
      }
    } catch (err) {
      // They go on waiting; the next poll or their own time ends it.
      this.#log.debug({ err }, 'the heads of waiting sessions could not be read');
    }
  }

  #wakeBehind(session_id: string, head: number): void {
    for (const { after_seq, wake } of [...(this.#waiting.get(session_id) ?? [])]) if (head > after_seq) wake();
  }
}
