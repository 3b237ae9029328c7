import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type Socket } from 'socket.io';
import { io as connect, type Socket as Client } from 'socket.io-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { waitUntil } from '#libs/testing';
import { type SlimWire, slimSocket } from './slim-socket.ts';

const PING_MS = 20;
const PONG_MS = 5_000;

let http: HttpServer;
let server: Server;
let client: Client;
let socket: Socket;
let wire: SlimWire;
let before: { cleanups: number; errorListeners: string[]; rooms: number; hasMask: boolean };
const heard: unknown[] = [];
const gone: string[] = [];

const errorListeners = () => wire.transport.socket.listeners('error').map(({ name }) => name);

beforeEach(async () => {
  heard.length = 0;
  gone.length = 0;
  http = createServer();
  server = new Server(http, { transports: ['websocket'], pingInterval: PING_MS, pingTimeout: PONG_MS });
  const isIn = new Promise<void>((resolve) => {
    server.on('connection', (entered) => {
      socket = entered;
      wire = entered.conn as unknown as SlimWire;
      before = {
        cleanups: wire.cleanupFn.length,
        errorListeners: errorListeners(),
        rooms: entered.nsp.adapter.sids.size,
        hasMask: wire.transport.socket._receiver._mask instanceof Uint8Array,
      };
      entered.on('disconnect', (reason) => gone.push(reason));
      slimSocket(entered, wire, [(...args) => void heard.push(args)]);
      resolve();
    });
  });
  await new Promise<void>((resolve) => void http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  client = connect(`http://127.0.0.1:${port}`, { transports: ['websocket'], reconnection: false });
  await isIn;
  await waitUntil('the client is in', () => client.connected);
});

afterEach(async () => {
  client.disconnect();
  await server.close();
});

test('what is taken from a socket was there, and is gone', () => {
  expect(before).toEqual({ cleanups: 1, errorListeners: ['onUpgradeError', 'bound onError'], rooms: 1, hasMask: true });
  expect(errorListeners()).toEqual(['bound onError']);
  expect(wire.request).toBeNull();
  expect(socket).toMatchObject({ handshake: {}, acks: new Map() });
  const { rooms, sids } = socket.nsp.adapter;
  expect([rooms.size, sids.size]).toEqual([0, 0]);
});

test('it hears every event with its acknowledgement, and is heard', async () => {
  const told: unknown[] = [];
  client.onAny((...args: unknown[]) => told.push(args));
  client.emit('__proto__', { a: 1 }, () => undefined);
  client.emit('toString');
  client.emit('message:send', { a: 1 }, () => undefined);
  await waitUntil('all are heard', () => heard.length === 3);
  expect(heard).toEqual([
    ['__proto__', { a: 1 }, expect.any(Function)],
    ['toString'],
    ['message:send', { a: 1 }, expect.any(Function)],
  ]);
  socket.emit('said', 1);
  await waitUntil('it is heard', () => told.length > 0);
  expect(told).toEqual([['said', 1]]);
});

test('pings go on, and after each nothing is kept of what was read', async () => {
  let pongs = 0;
  wire.on('heartbeat', () => (pongs += 1));
  await waitUntil('some pings are answered', () => pongs >= 3);
  expect(wire.transport.socket._receiver._mask).toBeUndefined();
  client.emit('still here');
  await waitUntil('it is heard', () => heard.length === 1);
});

test.each([
  ['its client leaves', () => client.disconnect(), /^client namespace disconnect$/],
  // A reset on the way may come before the end.
  ['its wire breaks', () => wire.transport.socket.terminate(), /^transport (close|error)$/],
  ['it is closed', () => wire.close(), /^forced close$/],
])('when %s, it says so once', async (_, end, reason) => {
  end();
  await waitUntil('it is gone', () => gone.length > 0 && server.sockets.sockets.size === 0);
  expect(gone).toEqual([expect.stringMatching(reason)]);
});
