import type { Session } from '#libs/contracts';

/** Lists of sessions that were taken away are history that stays readable; so many are kept, the latest. */
const MOST_LEFT = 200;

/**
 * The sessions that a client holds, each in its highest version, and those that were taken away from it: these come back
 * by a higher version only, as what was said of them before may still be on its way.
 */
export class HeldSessions {
  readonly #held = new Map<string, Session>();
  /** An object a removal, so that two of them differ. */
  readonly #left = new Map<string, { readonly version: number }>();
  #clearings = 0;

  find(session_id: string): Session | undefined {
    return this.#held.get(session_id);
  }

  /** What is held and not closed. */
  get open(): readonly Session[] {
    return [...this.#held.values()].filter(({ state }) => state !== 'closed');
  }

  isLeft(session_id: string): boolean {
    return this.#left.has(session_id);
  }

  /** False for what is known already, or older than what is known. */
  take(session: Session): boolean {
    const { session_id, version } = session;
    const known = this.#held.get(session_id) ?? this.#left.get(session_id);
    if (known && known.version >= version) return false;
    this.#left.delete(session_id);
    this.#held.set(session_id, session);
    return true;
  }

  /** Takes the session away. `forgotten` is one that was left so long ago that nothing of it is kept any more. */
  drop(session_id: string): { isNews: boolean; forgotten: string | undefined } {
    const left = this.#left.get(session_id);
    const version = this.#held.get(session_id)?.version ?? left?.version ?? 0;
    this.#held.delete(session_id);
    this.#left.delete(session_id);
    this.#left.set(session_id, { version });
    const [oldest] = this.#left.keys();
    const forgotten = this.#left.size > MOST_LEFT ? oldest : undefined;
    if (forgotten !== undefined) this.#left.delete(forgotten);
    return { isNews: left === undefined, forgotten };
  }

  /** Somebody wants it again: any version is welcome. */
  readmit(session_id: string): void {
    this.#left.delete(session_id);
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
  }
}
