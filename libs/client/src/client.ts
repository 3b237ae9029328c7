/**
 * The SDK: one person's connection, outbox, sessions and lists.
 *
 * Guarantees: `messages(session_id)` is 1, 2, 3, … without a hole and without a repeat, whatever the pushes did; a word in
 * the outbox is offered until it is acked or refused for good. A push is a hint: holes, heads ahead of the list and
 * reconnects are healed by `GET /messages?after_seq`. A new log epoch (the database went back) drops every list and
 * reads it again from 1.
 */
import type {
  AgentStatus,
  ConnectionReady,
  Message,
  MessageSend,
  ServerEvents,
  Session,
  SocketError,
} from '#libs/contracts';
import { pause } from './back-off.ts';
import { Calls } from './calls.ts';
import { type Codec, Connection, type ConnectionState, type PassedOn } from './connection.ts';
import { Emitter } from './emitter.ts';
import { Logs } from './logs.ts';
import { Outbox, type OutboxEntry, type OutboxStorage } from './outbox.ts';
import { Rest, type TokenSource } from './rest.ts';
import { type SessionEvents, Sessions } from './sessions.ts';

export interface ClientOptions {
  /** The public door, `https://chat.example.com`. */
  url: string;
  /** A token, or where a fresh one comes from: asked at each connect and each REST call. */
  token: string | TokenSource;
  codec?: Codec;
  /** The language of refusals' texts, a language tag. */
  locale?: string;
  storage?: OutboxStorage;
  random?: () => number;
}

export type ClientEvents = SessionEvents & {
  connection: { state: ConnectionState; error?: SocketError };
  /** New words that can be shown, in order. */
  messages: { session_id: string; messages: readonly Message[] };
  /** The lists were dropped and are read again: the database went back. */
  reset: { log_epoch: number };
  outbox: OutboxEntry;
  /** The own place in the queue. */
  queue: ServerEvents['queue:updated'];
  note: ServerEvents['note:created'];
  /** A reply is late. */
  sla: ServerEvents['sla:breached'];
  typing: ServerEvents['session:typing'];
  read: ServerEvents['session:read'];
  presence: ServerEvents['presence:updated'];
};

/** So often a client without a socket asks what a push would have told. */
const LOOK_MS = 5_000;

export class Client {
  /** Commands and questions over REST. */
  readonly calls: Calls;
  readonly #events = new Emitter<ClientEvents>();
  readonly #rest: Rest;
  readonly #connection: Connection;
  readonly #outbox: Outbox;
  readonly #logs: Logs;
  readonly #sessions: Sessions;
  readonly #closing = new AbortController();
  #isLooking = false;

  constructor({ url, token, codec = 'json', locale, storage, random = Math.random }: ClientOptions) {
    const source = typeof token === 'string' ? () => token : token;
    const rest = new Rest(url, source, locale);
    const closing = this.#closing.signal;
    this.#rest = rest;
    this.calls = new Calls({ rest, random, closing, expectSession: (session_id) => this.#sessions.expect(session_id) });
    this.#logs = new Logs({
      rest,
      random,
      came: (message) => this.#noticeCame(message),
      shown: (session_id, messages) => this.#noticeShown(session_id, messages),
      reset: (log_epoch, session_ids) => this.#reset(log_epoch, session_ids),
    });
    this.#outbox = new Outbox(
      { send: (message) => this.#sendOnce(message), changed: (entry) => this.#noticeEntry(entry), random },
      storage,
    );
    this.#sessions = new Sessions({
      rest,
      random,
      closing,
      calls: this.calls,
      logs: this.#logs,
      events: this.#events,
      hasWords: (session_id) => this.#outbox.has(session_id),
      isBlocked: () => this.state === 'blocked',
    });
    this.#connection = new Connection(
      { url, token: source, codec, locale, random, isReachable: () => rest.isReachable() },
      {
        changed: (state, error) => this.#noticeConnection(state, error),
        ready: (ready) => this.#noticeReady(ready),
        event: (name, data) => this.#apply[name](data),
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
    return this.#logs.log_epoch;
  }

  /** The sessions that are held and not closed; for an agent also entries of the queue, whose lists are not read. */
  get openSessions(): readonly Session[] {
    return this.#sessions.open;
  }

  messages(session_id: string): readonly Message[] {
    return this.#logs.messages(session_id);
  }

  /** A session that is held, open or closed. */
  session(session_id: string): Session | undefined {
    return this.#sessions.find(session_id);
  }

  /** Follows a session, whosever it is: its list is read now and kept whole from here on. Own ones need it not. */
  async follow(session_id: string): Promise<void> {
    await Promise.all([this.#sessions.follow(session_id), this.#readLog(session_id)]);
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

  /** Over the socket; over REST, which takes no reason, where there is none. */
  setStatus(status: AgentStatus, reason?: string): Promise<unknown> {
    if (this.state !== 'online') return this.calls.setStatus(status);
    return this.#connection.call('agent:status', { status, ...(reason ? { reason } : {}) });
  }

  close(): void {
    this.#closing.abort();
    this.#logs.close();
    this.#outbox.close();
    this.#connection.close();
  }

  #sendOnce(message: MessageSend) {
    return this.state === 'blocked' ? this.#rest.send(message) : this.#connection.call<never>('message:send', message);
  }

  #noticeConnection(state: ConnectionState, error?: SocketError): void {
    this.#events.emit('connection', { state, ...(error ? { error } : {}) });
    if (state !== 'blocked') return this.#logs.stopPolling();
    for (const session_id of this.#sessions.followed) this.#logs.poll(session_id);
    this.#outbox.wake();
    void this.#lookAround();
  }

  async #lookAround(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    while (this.state === 'blocked' && !this.#closing.signal.aborted) {
      await this.#sessions.lookAround();
      await pause(LOOK_MS, this.#closing.signal);
    }
    this.#isLooking = false;
  }

  #noticeReady({ log_epoch, heads, user }: ConnectionReady): void {
    this.#outbox.wake();
    // First: what a session's head is good for hangs on whose it is.
    this.#sessions.noticeUser(user);
    const current = log_epoch !== null && this.#logs.noticeEpoch(log_epoch) ? heads : null;
    if (current) this.#sessions.noticeHeads(current);
    // Heads can't be had, or a session is missing from them: what is followed is read again.
    for (const session_id of this.#sessions.followed) if (!current?.[session_id]) void this.#readAgain(session_id);
  }

  readonly #apply: { [Name in PassedOn]: (data: ServerEvents[Name]) => void } = {
    'message:created': (message) => this.#logs.add(message),
    'session:updated': (session) => this.#sessions.notice(session),
    'session:removed': (removal) => this.#sessions.noticeRemoved(removal),
    'session:heads': ({ log_epoch, heads }) => {
      if (this.#logs.noticeEpoch(log_epoch)) this.#sessions.noticeHeads(heads);
    },
    'transfer:offered': (offer) => this.#sessions.noticeOffer(offer),
    'queue:updated': (place) => this.#events.emit('queue', place),
    'note:created': (note) => this.#events.emit('note', note),
    'sla:breached': (breach) => this.#events.emit('sla', breach),
    'session:typing': (typing) => this.#events.emit('typing', typing),
    'session:read': (read) => this.#events.emit('read', read),
    'presence:updated': (presence) => this.#events.emit('presence', presence),
  };

  #noticeEntry(entry: OutboxEntry): void {
    this.#events.emit('outbox', entry);
    this.#sessions.noticeEntry(entry);
  }

  #noticeCame(message: Message): void {
    const entry = this.#outbox.noticeDelivered(message.client_msg_id, message.message_id);
    if (entry) this.#sessions.noticeWord(message, entry);
  }

  #noticeShown(session_id: string, messages: readonly Message[]): void {
    this.#events.emit('messages', { session_id, messages });
    if (this.state === 'blocked') this.#sessions.noticePolled(session_id, messages);
  }

  #reset(log_epoch: number, session_ids: readonly string[]): void {
    const followed = session_ids.filter((session_id) => this.#sessions.isFollowed(session_id));
    this.#sessions.clear();
    this.#events.emit('reset', { log_epoch });
    for (const session_id of followed) void this.#readAgain(session_id);
  }

  async #readAgain(session_id: string): Promise<void> {
    await Promise.all([this.#readLog(session_id), this.#sessions.refresh(session_id)]);
  }

  #readLog(session_id: string): Promise<void> {
    if (this.state === 'blocked') this.#logs.poll(session_id);
    return this.#logs.read(session_id);
  }
}

export function createClient(options: ClientOptions): Client {
  return new Client(options);
}
