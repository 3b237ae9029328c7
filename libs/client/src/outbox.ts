/**
 * The outbox: a person's words until Kafka has them.
 *
 * Guarantees: an entry is offered to the network again and again, always with the same client_msg_id, until it is acked or
 * refused for good; one entry of a session is under way at a time, in the order of `add`, so a sender's order is kept.
 * An entry keeps the session it was written to, also when that session is closed and the word lands in its follow-up:
 * only so is a resend settled by identity.
 *
 * Lifecycle of an entry: queued → sending → sent (acked) → delivered (seen in the log), or → refused.
 * Storage holds entries until they are acked; after that they are the cluster's.
 */
import type { MessageSend, Sent } from '#libs/contracts';
import { backOff, pause } from './back-off.ts';
import { CallFailed } from './rest.ts';

export type EntryState = 'queued' | 'sending' | 'sent' | 'delivered' | 'refused';

export interface OutboxEntry {
  readonly message: MessageSend;
  state: EntryState;
  attempts: number;
  message_id?: string;
  error?: { code: string; message: string };
}

/** Where unacked words survive a reload; everything in it is offered again by `restore`. */
export interface OutboxStorage {
  save(messages: readonly MessageSend[]): void;
  load(): MessageSend[];
}

export interface OutboxEdges {
  /** One attempt; rejects with CallFailed. */
  send(message: MessageSend): Promise<Sent>;
  changed(entry: OutboxEntry): void;
  random(): number;
}

export class Outbox {
  readonly #edges: OutboxEdges;
  readonly #storage: OutboxStorage | undefined;
  readonly #entries = new Map<string, OutboxEntry>();
  readonly #running = new Set<string>();
  readonly #closing = new AbortController();
  #wake = new AbortController();

  constructor(edges: OutboxEdges, storage?: OutboxStorage) {
    this.#edges = edges;
    this.#storage = storage;
  }

  get entries(): readonly OutboxEntry[] {
    return [...this.#entries.values()];
  }

  restore(): void {
    for (const message of this.#storage?.load() ?? []) this.add(message);
  }

  add(message: MessageSend): OutboxEntry {
    const known = this.#entries.get(message.client_msg_id);
    if (known) return known;
    const entry: OutboxEntry = { message, state: 'queued', attempts: 0 };
    this.#entries.set(message.client_msg_id, entry);
    this.#save();
    this.#edges.changed(entry);
    void this.#work(message.session_id);
    return entry;
  }

  /** Whether a word to this session is not seen in the log yet. */
  has(session_id: string): boolean {
    return this.entries.some(({ message }) => message.session_id === session_id);
  }

  /** The log shows the word: nothing is left to do for its entry, which is returned. */
  noticeDelivered(client_msg_id: string, message_id: string): OutboxEntry | undefined {
    const entry = this.#entries.get(client_msg_id);
    if (!entry) return undefined;
    this.#entries.delete(client_msg_id);
    this.#move(entry, 'delivered', { message_id });
    this.#save();
    return entry;
  }

  /** The network is back: whoever waits for the next attempt makes it now. */
  wake(): void {
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  close(): void {
    this.#closing.abort();
    this.wake();
  }

  async #work(session_id: string): Promise<void> {
    if (this.#running.has(session_id)) return;
    this.#running.add(session_id);
    try {
      for (let entry = this.#next(session_id); entry; entry = this.#next(session_id)) await this.#deliver(entry);
    } finally {
      this.#running.delete(session_id);
    }
  }

  #next(session_id: string): OutboxEntry | undefined {
    if (this.#closing.signal.aborted) return undefined;
    return this.entries.find((entry) => entry.message.session_id === session_id && isPending(entry));
  }

  async #deliver(entry: OutboxEntry): Promise<void> {
    this.#move(entry, 'sending');
    while (isPending(entry) && !this.#closing.signal.aborted) {
      entry.attempts += 1;
      try {
        const { message_id } = await this.#edges.send(entry.message);
        if (isPending(entry)) this.#move(entry, 'sent', { message_id });
        this.#save();
      } catch (error) {
        if (!(error instanceof CallFailed)) throw error;
        // Delivered is final: the log has the word, whatever a late answer says of this attempt.
        if (!isPending(entry)) return;
        if (!error.retryable) return this.#refuse(entry, error);
        const { signal } = this.#wake;
        await pause(backOff(entry.attempts, this.#edges.random(), { base_ms: 200, cap_ms: 5_000 }), signal);
      }
    }
  }

  #refuse(entry: OutboxEntry, { code, message }: CallFailed): void {
    entry.error = { code, message };
    this.#entries.delete(entry.message.client_msg_id);
    this.#move(entry, 'refused');
    this.#save();
  }

  #move(entry: OutboxEntry, state: EntryState, more: { message_id?: string } = {}): void {
    entry.state = state;
    Object.assign(entry, more);
    this.#edges.changed(entry);
  }

  #save(): void {
    this.#storage?.save(this.entries.filter(isPending).map((entry) => entry.message));
  }
}

function isPending({ state }: OutboxEntry): boolean {
  return state === 'queued' || state === 'sending';
}
