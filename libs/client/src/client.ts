/**
 * The SDK: one person's connection, outbox and lists.
 *
 * Guarantees: `messages(session_id)` is 1, 2, 3, … without a hole and without a repeat, whatever the pushes did; a word in
 * the outbox is offered until it is acked or refused for good. A push is a hint: holes, heads ahead of the list and
 * reconnects are healed by `GET /messages?after_seq`. A new log epoch (the database went back) drops every list and
 * reads it again from 1.
 */
import type { ConnectionReady, Heads, Message, MessageSend, ServerEvents, Session, SocketError } from '#libs/contracts';
import { type Codec, Connection, type ConnectionState } from './connection.ts';
import { Emitter } from './emitter.ts';
import { MessageList } from './message-list.ts';
import { Outbox, type OutboxEntry, type OutboxStorage } from './outbox.ts';
import { CallFailed, type MessagesPage, Rest, type TokenSource, unavailable } from './rest.ts';
import { backOff, pause } from './back-off.ts';

export interface ClientOptions {
  /** The public door, `https://chat.example.com`. */
  url: string;
  /** A token, or where a fresh one comes from: asked at each connect and each REST call. */
  token: string | TokenSource;
  codec?: Codec;
  storage?: OutboxStorage;
  random?: () => number;
}

export type ClientEvents = {
  connection: { state: ConnectionState; error?: SocketError };
  /** New words that can be shown, in order. */
  messages: { session_id: string; messages: readonly Message[] };
  /** The lists were dropped and are read again: the database went back. */
  reset: { log_epoch: number };
  outbox: OutboxEntry;
  session: Session;
  removed: { session_id: string; reason: string };
  typing: ServerEvents['session:typing'];
  read: ServerEvents['session:read'];
  presence: ServerEvents['presence:updated'];
};

const POLL_SECONDS = 25;

export class Client {
  readonly #events = new Emitter<ClientEvents>();
  readonly #rest: Rest;
  readonly #connection: Connection;
  readonly #outbox: Outbox;
  readonly #random: () => number;
  readonly #lists = new Map<string, MessageList>();
  readonly #sessions = new Map<string, Session>();
  readonly #syncing = new Map<string, Promise<void>>();
  readonly #polling = new Map<string, AbortController>();
  readonly #closing = new AbortController();
  #log_epoch: number | undefined;

  constructor({ url, token, codec = 'json', storage, random = Math.random }: ClientOptions) {
    const source = typeof token === 'string' ? () => token : token;
    this.#random = random;
    this.#rest = new Rest(url, source);
    this.#outbox = new Outbox(
      { send: (message) => this.#sendOnce(message), changed: (entry) => this.#events.emit('outbox', entry), random },
      storage,
    );
    this.#connection = new Connection(
      { url, token: source, codec, random, isReachable: () => this.#rest.isReachable() },
      {
        changed: (state, error) => this.#noticeConnection(state, error),
        ready: (ready) => this.#noticeReady(ready),
        event: (name, data) => this.#noticeEvent(name, data),
      },
    );
  }

  /** Connects, and offers what storage kept. Settles when the client is closed or refused for good. */
  async run(): Promise<void> {
    this.#outbox.restore();
    await this.#connection.run();
  }

  on<Name extends keyof ClientEvents>(name: Name, listener: (payload: ClientEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  get outbox(): readonly OutboxEntry[] {
    return this.#outbox.entries;
  }

  get log_epoch(): number | undefined {
    return this.#log_epoch;
  }

  messages(session_id: string): readonly Message[] {
    return this.#lists.get(session_id)?.visible ?? [];
  }

  session(session_id: string): Session | undefined {
    return this.#sessions.get(session_id);
  }

  /** Follows a session: its list is read now and kept whole from here on. */
  async follow(session_id: string): Promise<void> {
    this.#listOf(session_id);
    if (this.state === 'blocked') this.#poll(session_id);
    await Promise.all([this.#sync(session_id), this.#refreshSession(session_id)]);
  }

  /** Puts a text into the outbox. The entry tells how it fares; the `outbox` event follows each change. */
  say(session_id: string, content: string, client_msg_id: string = crypto.randomUUID()): OutboxEntry {
    return this.send({ session_id, client_msg_id, type: 'text', content } as MessageSend);
  }

  send(message: MessageSend): OutboxEntry {
    return this.#outbox.add(message);
  }

  /** Signals and marks are worth one attempt; rejects with CallFailed. */
  markRead(session_id: string, seq_id: number): Promise<unknown> {
    return this.#connection.call('session:read', { session_id, seq_id });
  }

  typing(session_id: string, typing: boolean, preview?: string): Promise<unknown> {
    return this.#connection.call('session:typing', { session_id, typing, ...(preview ? { preview } : {}) });
  }

  setStatus(status: 'online' | 'busy' | 'away', reason?: string): Promise<unknown> {
    return this.#connection.call('agent:status', { status, ...(reason ? { reason } : {}) });
  }

  close(): void {
    this.#closing.abort();
    for (const poll of this.#polling.values()) poll.abort();
    this.#outbox.close();
    this.#connection.close();
  }

  #sendOnce(message: MessageSend) {
    return this.state === 'blocked' ? this.#rest.send(message) : this.#connection.call<never>('message:send', message);
  }

  #noticeConnection(state: ConnectionState, error?: SocketError): void {
    this.#events.emit('connection', { state, ...(error ? { error } : {}) });
    if (state === 'blocked') {
      for (const session_id of this.#lists.keys()) this.#poll(session_id);
      this.#outbox.wake();
    } else {
      for (const poll of this.#polling.values()) poll.abort();
      this.#polling.clear();
    }
  }

  #noticeReady({ log_epoch, heads }: ConnectionReady): void {
    this.#outbox.wake();
    const current = log_epoch !== null && this.#noticeEpoch(log_epoch) ? heads : null;
    if (current) this.#noticeHeads(current);
    // Heads can't be had, or a session is missing from them: what is followed is read again.
    for (const session_id of this.#lists.keys()) if (!current?.[session_id]) void this.follow(session_id);
  }

  #noticeEvent<Name extends keyof ServerEvents>(name: Name, data: ServerEvents[Name]): void {
    const apply: { [Event in keyof ServerEvents]?: (data: ServerEvents[Event]) => void } = {
      'message:created': (message) => this.#noticeMessage(message),
      'session:updated': (session) => this.#noticeSession(session),
      'session:removed': (removal) => this.#noticeRemoved(removal),
      'session:heads': ({ log_epoch, heads }) => {
        if (this.#noticeEpoch(log_epoch)) this.#noticeHeads(heads);
      },
      'session:typing': (typing) => this.#events.emit('typing', typing),
      'session:read': (read) => this.#events.emit('read', read),
      'presence:updated': (presence) => this.#events.emit('presence', presence),
    };
    apply[name]?.(data);
  }

  #noticeMessage(message: Message): void {
    this.#show(message);
    if (this.#listOf(message.session_id).isBehind) void this.#sync(message.session_id);
  }

  #show(message: Message): void {
    const { session_id, client_msg_id, message_id } = message;
    this.#outbox.noticeDelivered(client_msg_id, message_id);
    const messages = this.#listOf(session_id).add(message);
    if (messages.length > 0) this.#events.emit('messages', { session_id, messages });
  }

  #noticeSession(session: Session): void {
    const known = this.#sessions.get(session.session_id);
    this.#listOf(session.session_id).noticeHead(session.last_seq_id);
    if (!known || known.version < session.version) {
      this.#sessions.set(session.session_id, session);
      this.#events.emit('session', session);
    }
    if (this.#listOf(session.session_id).isBehind) void this.#sync(session.session_id);
  }

  #noticeRemoved(removal: { session_id: string; reason: string }): void {
    this.#sessions.delete(removal.session_id);
    this.#lists.delete(removal.session_id);
    this.#events.emit('removed', removal);
  }

  #noticeHeads(heads: Heads): void {
    for (const [session_id, { seq_id, version }] of Object.entries(heads)) {
      this.#listOf(session_id).noticeHead(seq_id);
      if (this.#listOf(session_id).isBehind) void this.#sync(session_id);
      if ((this.#sessions.get(session_id)?.version ?? 0) < version) void this.#refreshSession(session_id);
    }
  }

  /** False for an answer of a past epoch, late on its way: epochs rise, and what it carries is of no use any more. */
  #noticeEpoch(log_epoch: number): boolean {
    const before = this.#log_epoch ?? log_epoch;
    if (log_epoch < before) return false;
    this.#log_epoch = log_epoch;
    if (log_epoch === before) return true;
    const followed = [...this.#lists.keys()];
    this.#lists.clear();
    this.#sessions.clear();
    this.#events.emit('reset', { log_epoch });
    for (const session_id of followed) void this.follow(session_id);
    return true;
  }

  #listOf(session_id: string): MessageList {
    const list = this.#lists.get(session_id) ?? new MessageList();
    this.#lists.set(session_id, list);
    return list;
  }

  /** Reads until nothing is missing; one reading a session at a time, tried again with jitter while nobody answers. */
  #sync(session_id: string): Promise<void> {
    const running = this.#syncing.get(session_id);
    if (running) return running;
    const sync = this.#readUntilWhole(session_id).finally(() => this.#syncing.delete(session_id));
    this.#syncing.set(session_id, sync);
    return sync;
  }

  async #readUntilWhole(session_id: string): Promise<void> {
    for (let attempt = 0; !this.#closing.signal.aborted;) {
      try {
        const page = await this.#rest.messagesAfter(session_id, this.#listOf(session_id).last_seq_id);
        this.#takePage(session_id, page);
        if (!this.#listOf(session_id).isBehind) return;
        // A head beyond what there is came from before a reset, or from a replica that is ahead: not asked without a pause.
        attempt = page.items.length > 0 ? 0 : attempt + 1;
        if (attempt > 0) await pause(backOff(attempt, this.#random()), this.#closing.signal);
      } catch (error) {
        if (!(error instanceof CallFailed)) throw error;
        if (!error.retryable) return;
        attempt += 1;
        await pause(backOff(attempt, this.#random()), this.#closing.signal);
      }
    }
  }

  /** @throws CallFailed, retryable, for a page of a past epoch: the list that asked for it is still to be read. */
  #takePage(session_id: string, { items, log_epoch, last_seq_id }: MessagesPage): void {
    if (!this.#noticeEpoch(log_epoch)) throw unavailable('a page of a past epoch');
    for (const message of items) this.#show(message);
    this.#listOf(session_id).noticeHead(last_seq_id);
  }

  async #refreshSession(session_id: string): Promise<void> {
    const asked = this.#log_epoch;
    // After a reset every followed session is asked for anew: an answer of the epoch before would raise its head for ever.
    const isPast = () => asked !== undefined && asked !== this.#log_epoch;
    try {
      const session = await this.#rest.session(session_id);
      if (!isPast()) this.#noticeSession(session);
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      if (isPast()) return;
      if (error.code === 'NOT_FOUND') this.#noticeRemoved({ session_id, reason: 'not_found' });
    }
  }

  /** Without a socket: one held question a session, until the socket is back. */
  #poll(session_id: string): void {
    if (this.#polling.has(session_id)) return;
    const ending = new AbortController();
    this.#polling.set(session_id, ending);
    void this.#pollUntil(session_id, ending.signal);
  }

  async #pollUntil(session_id: string, signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted;) {
      try {
        const after = this.#listOf(session_id).last_seq_id;
        const page = await this.#rest.messagesAfter(session_id, after, POLL_SECONDS, signal);
        this.#takePage(session_id, page);
        attempt = 0;
      } catch (error) {
        if (!(error instanceof CallFailed)) throw error;
        if (!error.retryable) return;
        attempt += 1;
        await pause(backOff(attempt, this.#random()), signal);
      }
    }
  }
}

export function createClient(options: ClientOptions): Client {
  return new Client(options);
}
