/**
 * The lists of messages of all sessions of a client, kept whole.
 *
 * Guarantees: a list that is known to lack something is read until it lacks nothing, one reading a session at a time, tried
 * again with jitter while nobody answers. Epochs rise: a higher one drops every list, a lower one is an answer late on its
 * way and of no use.
 *
 * Lifecycle: a list begins with the first head, word or reading of its session. Without a socket it is polled: one held question a
 * session, until `stopPolling`. After `close` nothing is asked any more.
 */
import type { Message } from '#libs/contracts';
import { backOff, pause } from './back-off.ts';
import { MessageList } from './message-list.ts';
import { CallFailed, type MessagesPage, type Rest, unavailable } from './rest.ts';

export interface LogsEdges {
  rest: Pick<Rest, 'messagesAfter'>;
  /** A message came, new or not; before it is shown. */
  came(message: Message): void;
  /** Messages that can be shown now, in order. */
  shown(session_id: string, messages: readonly Message[]): void;
  /** Every list was dropped; those of these sessions are to be read again. */
  reset(log_epoch: number, session_ids: readonly string[]): void;
  random(): number;
}

const POLL_SECONDS = 25;

export class Logs {
  readonly #edges: LogsEdges;
  readonly #lists = new Map<string, MessageList>();
  readonly #reading = new Map<string, Promise<void>>();
  readonly #polling = new Map<string, AbortController>();
  readonly #closing = new AbortController();
  #log_epoch: number | undefined;

  constructor(edges: LogsEdges) {
    this.#edges = edges;
  }

  get log_epoch(): number | undefined {
    return this.#log_epoch;
  }

  get session_ids(): readonly string[] {
    return [...this.#lists.keys()];
  }

  has(session_id: string): boolean {
    return this.#lists.has(session_id);
  }

  messages(session_id: string): readonly Message[] {
    return this.#lists.get(session_id)?.visible ?? [];
  }

  /** A message was pushed; what it shows to be missing is read. */
  add(message: Message): void {
    this.#show(message);
    this.#readIfBehind(message.session_id);
  }

  /** The session has at least so many messages; what is missing is read. */
  noticeHead(session_id: string, seq_id: number): void {
    this.#listOf(session_id).noticeHead(seq_id);
    this.#readIfBehind(session_id);
  }

  /** False for an answer of a past epoch: what it carries is of no use any more. */
  noticeEpoch(log_epoch: number): boolean {
    const before = this.#log_epoch ?? log_epoch;
    if (log_epoch < before) return false;
    this.#log_epoch = log_epoch;
    if (log_epoch === before) return true;
    const { session_ids } = this;
    this.#lists.clear();
    this.#edges.reset(log_epoch, session_ids);
    return true;
  }

  /** Reads until nothing is missing. */
  read(session_id: string): Promise<void> {
    const running = this.#reading.get(session_id);
    if (running) return running;
    const reading = this.#readUntilWhole(session_id).finally(() => this.#reading.delete(session_id));
    this.#reading.set(session_id, reading);
    return reading;
  }

  poll(session_id: string): void {
    if (this.#polling.has(session_id)) return;
    const ending = new AbortController();
    this.#polling.set(session_id, ending);
    void this.#pollUntil(session_id, ending.signal);
  }

  /** Of one session, or of all. */
  stopPolling(...session_ids: readonly string[]): void {
    for (const session_id of session_ids.length > 0 ? session_ids : this.#polling.keys()) {
      this.#polling.get(session_id)?.abort();
      this.#polling.delete(session_id);
    }
  }

  forget(session_id: string): void {
    this.stopPolling(session_id);
    this.#lists.delete(session_id);
  }

  close(): void {
    this.#closing.abort();
    this.stopPolling();
  }

  #show(message: Message): void {
    const { session_id } = message;
    this.#edges.came(message);
    const messages = this.#listOf(session_id).add(message);
    if (messages.length > 0) this.#edges.shown(session_id, messages);
  }

  #listOf(session_id: string): MessageList {
    const list = this.#lists.get(session_id) ?? new MessageList();
    this.#lists.set(session_id, list);
    return list;
  }

  #readIfBehind(session_id: string): void {
    if (this.#listOf(session_id).isBehind) void this.read(session_id);
  }

  async #readUntilWhole(session_id: string): Promise<void> {
    for (let attempt = 0; !this.#closing.signal.aborted;) {
      try {
        const page = await this.#edges.rest.messagesAfter(session_id, this.#listOf(session_id).last_seq_id);
        this.#takePage(session_id, page);
        if (!this.#listOf(session_id).isBehind) return;
        // A head beyond what there is came from before a reset, or from a replica that is ahead: not asked without a pause.
        attempt = page.items.length > 0 ? 0 : attempt + 1;
        if (attempt > 0) await pause(backOff(attempt, this.#edges.random()), this.#closing.signal);
      } catch (error) {
        if (!(error instanceof CallFailed)) throw error;
        if (!error.retryable) return;
        attempt += 1;
        await pause(backOff(attempt, this.#edges.random()), this.#closing.signal);
      }
    }
  }

  /** @throws CallFailed, retryable, for a page of a past epoch: the list that asked for it is still to be read. */
  #takePage(session_id: string, { items, log_epoch, last_seq_id }: MessagesPage): void {
    if (!this.noticeEpoch(log_epoch)) throw unavailable('a page of a past epoch');
    for (const message of items) this.#show(message);
    this.#listOf(session_id).noticeHead(last_seq_id);
  }

  async #pollUntil(session_id: string, signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted;) {
      try {
        const after = this.#listOf(session_id).last_seq_id;
        const page = await this.#edges.rest.messagesAfter(session_id, after, POLL_SECONDS, signal);
        this.#takePage(session_id, page);
        attempt = 0;
      } catch (error) {
        if (!(error instanceof CallFailed)) throw error;
        if (!error.retryable) return this.stopPolling(session_id);
        attempt += 1;
        await pause(backOff(attempt, this.#edges.random()), signal);
      }
    }
  }
}
