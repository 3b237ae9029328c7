/**
 * The socket: connects, comes back with jitter, and says when to stop or to do without it.
 *
 * Lifecycle: connecting → online ⇄ connecting …; `blocked` when several attempts failed without an answer of the server
 * while REST is answered (a proxy that lets no WebSocket through): the owner falls back to REST while attempts go on;
 * `stopped` for good when the server says that the token is no good (numbers 2xxx) or after `close`.
 */
import { io, type Socket } from 'socket.io-client';
import type { Ack, ConnectionReady, ServerEvents, SocketError } from '#libs/contracts';
import { binaryClientParser } from '#libs/protocol';
import { backOff, pause } from './back-off.ts';
import { CallFailed, type TokenSource, unavailable } from './rest.ts';

export type ConnectionState = 'connecting' | 'online' | 'blocked' | 'stopped';
export type Codec = 'json' | 'binary';

export interface ConnectionOptions {
  url: string;
  token: TokenSource;
  codec: Codec;
  /** The language of refusals; in a browser it is the browser's. */
  locale?: string | undefined;
  random: () => number;
  /** Whether the server answers over plain HTTP. */
  isReachable: () => Promise<boolean>;
}

export interface ConnectionEdges {
  changed(state: ConnectionState, error?: SocketError): void;
  ready(ready: ConnectionReady): void;
  event<Name extends PassedOn>(name: Name, data: ServerEvents[Name]): void;
}

type ErrorEvent = ServerEvents['error'];
/** How an attempt ended. `reached`: the server said it was ready. */
interface ConnectionEnd {
  reached: boolean;
  error?: ErrorEvent;
  pause_ms?: number;
}

const PROTOCOL = 1;
const ACK_DEADLINE_MS = 6_000;
const READY_DEADLINE_MS = 15_000;
const ATTEMPTS_UNTIL_BLOCKED = 3;
/** The application's own source of tokens failed: temporary, whatever it says, as the server has refused nothing. */
const NO_TOKEN = { code: 'UNAVAILABLE', number: 3_001, retryable: true } as const;

/** What the server tells beside the connection's own beginning and end. */
export type PassedOn = Exclude<keyof ServerEvents, 'connection:ready' | 'server:draining' | 'error'>;
const passedOn: Record<PassedOn, true> = {
  'message:created': true,
  'session:updated': true,
  'session:removed': true,
  'session:heads': true,
  'session:read': true,
  'session:typing': true,
  'presence:updated': true,
  'queue:updated': true,
  'transfer:offered': true,
  'note:created': true,
  'sla:breached': true,
};

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #edges: ConnectionEdges;
  readonly #closing = new AbortController();
  #wake = new AbortController();
  #socket: Socket | undefined;
  #state: ConnectionState = 'connecting';

  constructor(options: ConnectionOptions, edges: ConnectionEdges) {
    this.#options = options;
    this.#edges = edges;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Runs until `close` or a refusal for good; a token that can't be had is asked for again at the next attempt. */
  async run(): Promise<void> {
    let attempt = 0;
    let silent = 0;
    while (this.#state !== 'stopped' && !this.#closing.signal.aborted) {
      const end = await this.#connectOnce();
      if (this.#closing.signal.aborted) return;
      if (end.reached) [attempt, silent] = [0, 0];
      else silent = end.error ? 0 : silent + 1;
      if (end.error && isFinal(end.error)) return this.#move('stopped', end.error);
      const isBlocked = silent >= ATTEMPTS_UNTIL_BLOCKED && (await this.#options.isReachable());
      this.#move(isBlocked ? 'blocked' : 'connecting', end.error);
      await pause(end.pause_ms ?? backOff(attempt, this.#options.random()), this.#wake.signal);
      attempt += 1;
    }
  }

  /** One call with its acknowledgement. Rejects with CallFailed, also when there is no connection or no answer in time. */
  async call<T>(event: string, data: unknown): Promise<T> {
    const socket = this.#socket;
    if (this.#state !== 'online' || !socket) throw unavailable('not connected');
    let answer: Ack<T>;
    try {
      answer = (await socket.timeout(ACK_DEADLINE_MS).emitWithAck(event, data)) as Ack<T>;
    } catch {
      throw unavailable('no acknowledgement in time');
    }
    if (!answer.ok) throw new CallFailed(answer.error);
    return answer.data;
  }

  /** Makes the next attempt now, for instance because the browser is online again. */
  wake(): void {
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  close(): void {
    this.#closing.abort();
    this.#socket?.disconnect();
    this.wake();
    this.#move('stopped');
  }

  /** One attempt: from the token to the socket's end. */
  async #connectOnce(): Promise<ConnectionEnd> {
    let token: string;
    try {
      token = await this.#options.token();
    } catch (cause) {
      return { reached: false, error: { ...NO_TOKEN, message: `no token: ${String(cause)}` } };
    }
    // Closed while the token was on its way: the abort is over, and nobody would end this socket.
    if (this.#closing.signal.aborted) return { reached: false };
    return this.#runSocket(token);
  }

  #runSocket(token: string): Promise<ConnectionEnd> {
    const { url, codec, locale } = this.#options;
    const socket = io(url, {
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      timeout: READY_DEADLINE_MS,
      auth: { token, protocol: PROTOCOL, ...(codec === 'binary' ? { codec } : {}) },
      ...(codec === 'binary' ? { parser: binaryClientParser } : {}),
      ...(locale === undefined ? {} : { extraHeaders: { 'accept-language': locale } }),
    });
    this.#socket = socket;
    return new Promise((resolve) => {
      const outcome: ConnectionEnd = { reached: false };
      const end = () => {
        clearTimeout(deadline);
        socket.removeAllListeners();
        socket.disconnect();
        resolve(outcome);
      };
      const deadline = setTimeout(end, READY_DEADLINE_MS);
      this.#closing.signal.addEventListener('abort', end, { once: true });
      socket.on('connection:ready', (ready: ConnectionReady) => {
        clearTimeout(deadline);
        outcome.reached = true;
        this.#move('online');
        this.#edges.ready(ready);
      });
      for (const name of Object.keys(passedOn) as PassedOn[]) {
        socket.on(name, (data: unknown) => this.#edges.event(name, data as never));
      }
      socket.on('error', (error: ErrorEvent) => (outcome.error = error));
      socket.on('server:draining', ({ reconnect_after_ms }: ServerEvents['server:draining']) => {
        outcome.pause_ms = reconnect_after_ms;
        end();
      });
      socket.on('connect_error', (error: Error & { data?: ErrorEvent }) => {
        if (error.data) outcome.error = error.data;
        end();
      });
      socket.on('disconnect', end);
    });
  }

  #move(state: ConnectionState, error?: SocketError): void {
    if (this.#state === 'stopped' || (this.#state === state && !error)) return;
    this.#state = state;
    this.#edges.changed(state, error);
  }
}

function isFinal({ number }: ErrorEvent): boolean {
  return number >= 2_000 && number < 3_000;
}
