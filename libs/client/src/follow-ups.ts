/**
 * Which session goes on where a closed one ended. It is told when every word to the closed one has been seen in the log:
 * a word that is written to the follow-up session after that can't overtake one that is still on its way there.
 */
export class FollowUps {
  readonly #next = new Map<string, string>();
  readonly #told = new Map<string, string>();

  /** A session says which one it follows. */
  noteOpened(session_id: string, previous_session_id: string): void {
    if (!this.#next.has(previous_session_id)) this.#next.set(previous_session_id, session_id);
  }

  /** A word to a session was seen in another one: whatever follows it, this is where it goes on. */
  noteWord(session_id: string, previous_session_id: string): void {
    if (session_id !== previous_session_id) this.#next.set(previous_session_id, session_id);
  }

  /** The session to be told of now, once. */
  takeNews(previous_session_id: string, { isSettled }: { isSettled: boolean }): string | undefined {
    const next = this.#next.get(previous_session_id);
    if (next === undefined || !isSettled || this.#told.get(previous_session_id) === next) return undefined;
    this.#told.set(previous_session_id, next);
    return next;
  }
}
