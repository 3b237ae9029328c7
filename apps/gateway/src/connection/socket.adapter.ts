/**
 * socket.io under Nest, made light: one dispatcher for all events instead of a stream for each (65 KB a connection), and
 * sockets that keep nothing of their handshake (slim-socket.ts).
 */
import type { INestApplication } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import type { Server, ServerOptions, Socket } from 'socket.io';
import { type ClusterEvents, type Delivery, localeOf } from '#libs/contracts';
import { serverParser } from '#libs/protocol';
import { AuthDeadline, GRACE_MS } from './auth-deadline.ts';
import { now } from './clock.ts';
import { Connection } from './connection.ts';
import type { Door } from './door.ts';
import type { Admitted } from './handshake.ts';
import { type SlimWire, slimSocket } from './slim-socket.ts';
import type { SlowReaderGuard } from './slow-reader-guard.ts';

/** Everything behind the sockets, as the adapter sees it. */
export interface SocketEdges {
  readonly door: Door;
  readonly guard: SlowReaderGuard;
  /** A conversation of packets has begun or ended, whether or not anybody has signed in over it. */
  readonly wireOpened: (address: string) => void;
  readonly wireClosed: (address: string) => void;
  readonly opened: (connection: Connection) => void;
  readonly closed: (connection: Connection) => void;
  readonly event: (connection: Connection, args: readonly unknown[]) => void;
  readonly deliver: (batch: readonly Delivery[]) => void;
  readonly sendHeads: () => void;
}

export interface SocketSettings {
  readonly adapter: NonNullable<ServerOptions['adapter']>;
  readonly max_payload_bytes: number;
  readonly auth_deadline_ms: number;
  /** What a bucket of events begins with. */
  readonly burst: number;
}

type NoEvents = Record<string, never>;
type IoServer = Server<NoEvents, NoEvents, ClusterEvents>;
type IoSocket = Socket<NoEvents, NoEvents, ClusterEvents>;
type EventListener = (this: IoSocket, ...args: unknown[]) => void;
/** engine.io's socket. */
interface EngineSocket extends SlimWire {
  remoteAddress: string;
  authTimer: NodeJS.Timeout | undefined;
  on(event: 'close' | 'heartbeat', listener: (this: EngineSocket) => void): unknown;
}

const PING_INTERVAL_MS = 25_000;
const PING_TIMEOUT_MS = 20_000;

export class SocketAdapter extends IoAdapter {
  readonly #edges: SocketEdges;
  readonly #settings: SocketSettings;
  readonly #authDeadline: AuthDeadline<EngineSocket>;
  /** Of every event, whatever its name. */
  readonly #listeners: readonly EventListener[];
  readonly #onDisconnect: (this: IoSocket) => void;

  constructor(app: INestApplication, edges: SocketEdges, settings: SocketSettings) {
    super(app);
    this.#edges = edges;
    this.#settings = settings;
    this.#authDeadline = new AuthDeadline<EngineSocket>({
      auth_deadline_ms: settings.auth_deadline_ms,
      isUnderWay: ({ request }) => request !== null && edges.door.isJudging(request),
    });
    // One function each for all sockets.
    this.#listeners = [
      function onEvent(...args) {
        edges.event(connectionOf(this), args);
      },
    ];
    this.#onDisconnect = function onDisconnect() {
      edges.closed(connectionOf(this));
    };
  }

  override createIOServer(port: number): IoServer {
    const { door, guard, wireOpened, wireClosed, deliver, sendHeads } = this.#edges;
    const io = super.createIOServer(port, this.#options() as ServerOptions) as IoServer;
    const authDeadline = this.#authDeadline;
    function onClose(this: EngineSocket): void {
      authDeadline.end(this);
      wireClosed(this.remoteAddress);
    }
    (io.engine as { on(event: 'connection', listener: (conn: EngineSocket) => void): void }).on(
      'connection',
      (conn) => {
        guard.guard(conn);
        authDeadline.begin(conn);
        // The address as far as it is believed, behind proxies too.
        if (conn.request) conn.remoteAddress = door.addressOf(conn.request);
        wireOpened(conn.remoteAddress);
        // It comes once; `once` would keep a wrapper for each socket.
        conn.on('close', onClose);
      },
    );
    io.use((socket, next) => void this.#enter(socket, next));
    io.on('deliver', deliver);
    io.on('send-heads', sendHeads);
    return io;
  }

  /** Nest calls this for each socket that was let in; its handlers are none of ours. */
  override bindMessageHandlers(socket: IoSocket): void {
    const conn = socket.conn as unknown as EngineSocket;
    const { person, isBinary, expiresAt } = socket.data as Admitted;
    const connection = new Connection({
      id: socket.id,
      person,
      isBinary,
      expiresAt,
      locale: localeOf(conn.request?.headers['accept-language']),
      wire: conn,
      now: now(),
      burst: this.#settings.burst,
    });
    socket.data = connection;
    this.#authDeadline.end(conn);
    socket.on('disconnect', this.#onDisconnect);
    slimSocket(socket, conn, this.#listeners);
    this.#edges.opened(connection);
  }

  /** Nest would hold a closure for each socket. */
  override bindClientDisconnect(): void {
    // see bindMessageHandlers
  }

  #options(): Partial<ServerOptions> {
    const { door } = this.#edges;
    const { adapter, max_payload_bytes, auth_deadline_ms } = this.#settings;
    return {
      path: '/socket.io',
      transports: ['websocket'],
      serveClient: false,
      perMessageDeflate: false,
      httpCompression: false,
      maxHttpBufferSize: max_payload_bytes,
      parser: serverParser,
      connectTimeout: auth_deadline_ms + GRACE_MS,
      pingInterval: PING_INTERVAL_MS,
      pingTimeout: PING_TIMEOUT_MS,
      adapter,
      allowRequest: (request, decide) => {
        const isAnswered = door.judge(request);
        decide(isAnswered ? null : 'refused', isAnswered);
      },
    };
  }

  async #enter(socket: IoSocket, next: (error?: Error) => void): Promise<void> {
    const conn = socket.conn as unknown as EngineSocket;
    if (!conn.request) return next(new Error('signed in already'));
    const entered = await this.#edges.door.enter(conn.request, socket.handshake.auth);
    if ('refused' in entered) {
      next(entered.refused);
      if (entered.isHopeless) setImmediate(() => conn.close());
      return;
    }
    // Two handshakes on one WebSocket may both have come through; the second would be a second socket of it.
    const isFirst = !admitted.has(conn);
    admitted.add(conn);
    socket.data = entered;
    if (isFirst) next();
    else conn.close();
  }
}

const admitted = new WeakSet<EngineSocket>();

function connectionOf(socket: IoSocket): Connection {
  return socket.data as Connection;
}
