import type { Message } from '#libs/contracts';

/**
 * The messages of one session as they may be shown: by seq_id, each message_id once, never behind a hole.
 * What lies behind a hole is kept until the hole is filled.
 */
export class MessageList {
  readonly #visible: Message[] = [];
  readonly #waiting = new Map<number, Message>();
  readonly #ids = new Set<string>();
  #head = 0;

  /** 1, 2, 3, … without a hole. */
  get visible(): readonly Message[] {
    return this.#visible;
  }

  /** The last number that can be shown; what `after_seq` asks behind. */
  get last_seq_id(): number {
    return this.#visible.length;
  }

  /** Whether something is known to exist that can't be shown yet. */
  get isBehind(): boolean {
    return this.#head > this.last_seq_id;
  }

  /** Notes that the session has at least so many messages. */
  noticeHead(seq_id: number): void {
    this.#head = Math.max(this.#head, seq_id);
  }

  /** Takes a message in; returns those that can be shown because of it, in order: none when it was there already. */
  add(message: Message): Message[] {
    this.noticeHead(message.seq_id);
    if (message.seq_id <= this.last_seq_id || this.#ids.has(message.message_id)) return [];
    this.#ids.add(message.message_id);
    this.#waiting.set(message.seq_id, message);
    const shown: Message[] = [];
    for (let next = this.#takeNext(); next; next = this.#takeNext()) shown.push(next);
    return shown;
  }

  #takeNext(): Message | undefined {
    const seq_id = this.last_seq_id + 1;
    const message = this.#waiting.get(seq_id);
    if (!message) return undefined;
    this.#waiting.delete(seq_id);
    this.#visible.push(message);
    return message;
  }
}
