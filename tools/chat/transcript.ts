import type { Message } from '#libs/contracts';

export interface TranscriptEdges {
  /** The session's messages as they are known now: 1, 2, 3, … */
  messages(session_id: string): readonly Message[];
  print(session_id: string, message: Message): void;
  /** Gets to know the names in the message's line, or gives up in time; undefined when there is nothing to wait for. */
  prepare(message: Message): Promise<void> | undefined;
}

/** Prints each message of a session once and in order, whatever comes while a name is looked up. */
export class Transcript {
  readonly #edges: TranscriptEdges;
  readonly #printed = new Map<string, number>();
  #work: Promise<void> = Promise.resolve();
  #resets = 0;

  constructor(edges: TranscriptEdges) {
    this.#edges = edges;
  }

  /** Whether the session's messages have been shown. */
  has(session_id: string): boolean {
    return this.#printed.has(session_id);
  }

  /** Prints what is there and not printed yet. */
  show(session_id: string): Promise<void> {
    if (!this.#printed.has(session_id)) this.#printed.set(session_id, 0);
    this.#work = this.#work.then(() => this.#printNew(session_id));
    return this.#work;
  }

  /** The numbers mean other messages from now on: all that comes is printed. */
  reset(): void {
    this.#resets += 1;
    for (const session_id of this.#printed.keys()) this.#printed.set(session_id, 0);
  }

  async #printNew(session_id: string): Promise<void> {
    for (;;) {
      const resets = this.#resets;
      const count = this.#printed.get(session_id) ?? 0;
      const message = this.#edges.messages(session_id)[count];
      if (!message) return;
      await this.#edges.prepare(message);
      if (resets !== this.#resets) continue;
      this.#printed.set(session_id, count + 1);
      this.#edges.print(session_id, message);
    }
  }
}
