import type { Session } from '#libs/contracts';

/** Lists of sessions that were taken away are history that stays readable; so many are kept, the latest. */
const MOST_LEFT = 200;
/** Entries that left a queue: so many are remembered, the latest, as a push of before may come late. */
const MOST_DISMISSED = 1_000;

/**
 * The sessions that a client holds, each in its highest version, and those that are held no more: taken away with a list
 * that is history now, or dismissed, as entries that left a queue. Both come back by a higher version only, as what was
 * said of them before may still be on its way.
 */
export class HeldSessions {
  readonly #held = new Map<string, Session>();
  /** An object a removal, so that two of them differ. */
  readonly #left = new Map<string, { readonly version: number }>();
  readonly #dismissed = new Map<string, number>();
  #clearings = 0;

  find(session_id: string): Session | undefined {
    return this.#held.get(session_id);
  }

  get all(): readonly Session[] {
    return [...this.#held.values()];
  }

  /** What is held and not closed. */
  get open(): readonly Session[] {
    return this.all.filter(({ state }) => state !== 'closed');
  }

  isLeft(session_id: string): boolean {
    return this.#left.has(session_id);
  }

  /** False for what is known already, or older than what is known. */
  take(session: Session): boolean {
    const { session_id, version } = session;
    if (this.#versionOf(session_id) >= version) return false;
    this.readmit(session_id);
    this.#held.set(session_id, session);
    return true;
  }

  /** Takes the session away. `forgotten` is one that was left so long ago that nothing of it is kept any more. */
  drop(session_id: string): { isNews: boolean; forgotten: string | undefined } {
    const isNews = !this.#left.has(session_id) && !this.#dismissed.has(session_id);
    const version = this.#versionOf(session_id);
    this.#held.delete(session_id);
    this.readmit(session_id);
    this.#left.set(session_id, { version });
    const [oldest] = this.#left.keys();
    const forgotten = this.#left.size > MOST_LEFT ? oldest : undefined;
    if (forgotten !== undefined) this.#left.delete(forgotten);
    return { isNews, forgotten };
  }

  /** An entry without a list goes: it takes no place among those whose history is kept. */
  dismiss({ session_id, version }: Session): void {
    this.#held.delete(session_id);
    this.#dismissed.set(session_id, version);
    const [oldest] = this.#dismissed.keys();
    if (this.#dismissed.size > MOST_DISMISSED && oldest !== undefined) this.#dismissed.delete(oldest);
  }

  /** Somebody wants it again: any version is welcome. */
  readmit(session_id: string): void {
    this.#left.delete(session_id);
    this.#dismissed.delete(session_id);
  }

  /** A question about the session begins; the function says whether its answer still holds when it comes. */
  ask(session_id: string): () => boolean {
    const clearings = this.#clearings;
    const left = this.#left.get(session_id);
    return () => clearings === this.#clearings && (!this.#left.has(session_id) || left === this.#left.get(session_id));
  }

  clear(): void {
    this.#clearings += 1;
    this.#held.clear();
    this.#left.clear();
    this.#dismissed.clear();
  }

  #versionOf(session_id: string): number {
    const known = this.#held.get(session_id) ?? this.#left.get(session_id);
    return known?.version ?? this.#dismissed.get(session_id) ?? 0;
  }
}
