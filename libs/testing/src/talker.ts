import { randomUUID } from 'node:crypto';
import { io, type Socket } from 'socket.io-client';
import type { Ack, Message, Sent, SessionHeads, SocketError, ConnectionReady, Session } from '#libs/contracts';
import { Api } from './api.ts';

const ACK_DEADLINE_MS = 6_000;
const RETRY_AFTER_MS = 100;

/** What a sender knows of one of its messages. */
export interface Sending {
  session_id: string;
  client_msg_id: string;
  content: string;
  message_id?: string;
  attempts: number;
  /** When the first attempt began and when it was acked, on one clock of the whole test process. */
  sent_at: number;
  acked_at?: number;
}

/**
 * A person with a stock socket.io client, no code of libs/client: it resends until acked (one at a time per call),
 * records every push as it came, and fetches holes over REST. Gateways are tried in turn at each reconnect.
 */
export class Talker {
  readonly sendings: Sending[] = [];
  /** Every `message:created` in the order of arrival, repeats included. */
  readonly pushes: Message[] = [];
  readonly sessionUpdates: Session[] = [];
  readonly removals: { session_id: string; reason: string }[] = [];
  readonly heads: SessionHeads[] = [];
  readonly errors: SocketError[] = [];
  readonly urls: readonly string[];
  readonly api: Api;
  readonly socket: Socket;
  ready: ConnectionReady | undefined;
  /** One list per session: what the screen shows, ordered by seq_id. */
  private readonly screens = new Map<string, Map<string, Message>>();
  private log_epoch: number | undefined;

  constructor(urls: readonly string[], token: string, auth: Record<string, unknown> = {}) {
    this.urls = urls;
    this.api = new Api(urls[0] ?? '', token);
    this.socket = io(urls[0] ?? '', {
      transports: ['websocket'],
      auth: { token, protocol: 1, ...auth },
      reconnectionDelay: 100,
      reconnectionDelayMax: 500,
      forceNew: true,
    });
    this.socket.on('connection:ready', (ready: ConnectionReady) => {
      this.ready = ready;
      if (ready.log_epoch !== null) this.noticeEpoch(ready.log_epoch);
    });
    this.socket.on('message:created', (message: Message) => {
      this.pushes.push(message);
      this.show(message);
    });
    this.socket.on('session:updated', (session: Session) => this.sessionUpdates.push(session));
    this.socket.on('session:removed', (removal: { session_id: string; reason: string }) => this.removals.push(removal));
    this.socket.on('session:heads', (heads: SessionHeads) => {
      this.heads.push(heads);
      this.noticeEpoch(heads.log_epoch);
    });
    // After a refusal socket.io leaves it to the application to try again.
    this.socket.on('connect_error', (error: Error & { data?: SocketError }) => {
      if (error.data?.retryable) setTimeout(() => this.socket.connect(), RETRY_AFTER_MS);
    });
    this.socket.on('error', (error: SocketError) => this.errors.push(error));
  }

  /** Sends until acked; the same client_msg_id every time. Throws at a refusal that is not retryable. */
  async say(session_id: string, content: string, client_msg_id: string = randomUUID()): Promise<Sending> {
    const sending: Sending = { session_id, client_msg_id, content, attempts: 0, sent_at: performance.now() };
    this.sendings.push(sending);
    for (;;) {
      sending.attempts += 1;
      const answer = await this.sendOnce(session_id, content, client_msg_id);
      if (answer.ok) {
        sending.message_id = answer.data.message_id;
        sending.acked_at = performance.now();
        return sending;
      }
      if (!answer.error.retryable) throw new Error(`refused: ${answer.error.code} ${answer.error.message}`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS));
    }
  }

  /** One attempt; silence within the deadline counts as a retryable error. */
  async sendOnce(session_id: string, content: string, client_msg_id: string): Promise<Ack<Sent>> {
    return this.emit<Sent>('message:send', { session_id, client_msg_id, type: 'text', content });
  }

  async emit<T>(event: string, data: unknown): Promise<Ack<T>> {
    try {
      return (await this.socket.timeout(ACK_DEADLINE_MS).emitWithAck(event, data)) as Ack<T>;
    } catch {
      return { ok: false, error: { code: 'UNAVAILABLE', message: 'no acknowledgement in time', retryable: true } };
    }
  }

  /** The screen's list of a session, after its holes and its tail were fetched over REST. */
  async catchUp(session_id: string): Promise<Message[]> {
    for (const message of await this.api.log(session_id)) this.show(message);
    return this.screen(session_id);
  }

  screen(session_id: string): Message[] {
    return [...(this.screens.get(session_id)?.values() ?? [])].sort((one, other) => one.seq_id - other.seq_id);
  }

  close(): void {
    this.socket.disconnect();
  }

  private show(message: Message): void {
    const screen = this.screens.get(message.session_id) ?? new Map<string, Message>();
    this.screens.set(message.session_id, screen);
    if (!screen.has(message.message_id)) screen.set(message.message_id, message);
  }

  private noticeEpoch(log_epoch: number): void {
    if (this.log_epoch !== undefined && this.log_epoch !== log_epoch) this.screens.clear();
    this.log_epoch = log_epoch;
  }
}
