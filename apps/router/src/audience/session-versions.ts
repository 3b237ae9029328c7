import { LRUCache } from 'lru-cache';
import type { SessionEvent } from '#libs/contracts';

/** Where a session's history stands: its version, and the database's time of the transition in milliseconds. */
export interface Stamp {
  version: number;
  time: number;
}

/**
 * Whether a transition is news to who knows `last`. A higher version is; so is a later one with a lower version: the
 * database went back, and the session lives on from an older state.
 */
function isNews({ version, time }: Stamp, last: Stamp | undefined): boolean {
  return last === undefined || version > last.version || time > last.time;
}

export function stampOf({ version, occurred_at }: SessionEvent): Stamp {
  return { version, time: Date.parse(occurred_at) };
}

const SESSIONS_REMEMBERED = 100_000;

/** The last transition seen of each session, so that repeats and latecomers are not shown. Forgetting one is harmless. */
export class SessionVersions {
  readonly #last = new LRUCache<string, Stamp>({ max: SESSIONS_REMEMBERED });

  /** The events that are news, in order; nothing is remembered yet, as the batch may have to be handled again. */
  selectNews(events: readonly SessionEvent[]): SessionEvent[] {
    const inBatch = new Map<string, Stamp>();
    return events.filter((event) => {
      const stamp = stampOf(event);
      if (!isNews(stamp, inBatch.get(event.session_id) ?? this.#last.get(event.session_id))) return false;
      inBatch.set(event.session_id, stamp);
      return true;
    });
  }

  /** To be called when the events have been shown. */
  remember(events: readonly SessionEvent[]): void {
    for (const event of events) this.#last.set(event.session_id, stampOf(event));
  }
}
