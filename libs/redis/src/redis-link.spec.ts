import { once } from 'node:events';
import { type AddressInfo, createServer, type Server as TcpServer, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Server } from 'socket.io';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { RedisLink } from './redis-link.ts';

const silent = { info: () => undefined, warn: () => undefined };
let unhandled: unknown[];

beforeEach(() => {
  unhandled = [];
  const notice = (reason: unknown) => void unhandled.push(reason);
  process.on('unhandledRejection', notice);
  onTestFinished(() => void process.off('unhandledRejection', notice));
});

async function settled(): Promise<unknown[]> {
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  return unhandled;
}

function listening(link: RedisLink): Server {
  const io = new Server();
  io.adapter(link.createAdapter());
  return io;
}

/** A server that speaks just enough of Redis for a connection to be ready, and answers subscriptions as told. */
async function redisLike(answer: (socket: Socket, command: string, args: string[]) => void): Promise<TcpServer> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      for (const [, body = ''] of data.toString().matchAll(/\*\d+\r\n((?:\$\d+\r\n.*\r\n)+)/g)) {
        const [command = '', ...args] = body.split('\r\n').filter((_, index) => index % 2 === 1);
        if (command === 'info') socket.write('$11\r\nloading:0\r\n\r\n');
        else if (command === 'client') socket.write('+OK\r\n');
        else answer(socket, command, args);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

test('a link that is closed before Redis has answered leaves no failed promise behind', async () => {
  // Nobody listens on port 1: the subscriptions wait in the queue.
  const link = new RedisLink('redis://127.0.0.1:1', silent);
  const io = listening(link);
  io.serverSideEmit('anything');
  await io.of('/').adapter.close();
  link.close();
  expect(await settled()).toEqual([]);
});

test('a link that is closed while it subscribes again leaves no failed promise behind', async () => {
  const asked: string[] = [];
  const server = await redisLike((socket, command, args) => {
    asked.push(command);
    // The first connection is answered and then lost; of the second no subscription is.
    if (asked.length > 2) return;
    for (const [index, channel] of args.entries()) {
      socket.write(`*3\r\n$${command.length}\r\n${command}\r\n$${channel.length}\r\n${channel}\r\n:${index + 1}\r\n`);
    }
    if (asked.length === 2) socket.end();
  });
  const link = new RedisLink(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`, silent);
  listening(link);
  await expect.poll(() => asked, { timeout: 5_000 }).toHaveLength(4);
  link.close();
  server.close();
  await once(server, 'close');
  expect(await settled()).toEqual([]);
});

test('a subscription that Redis refuses is told of', async () => {
  const server = await redisLike((socket) => socket.write('-NOPERM no channel permission\r\n'));
  const warned: object[] = [];
  const link = new RedisLink(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    ...silent,
    warn: (fields) => void warned.push(fields),
  });
  listening(link);
  await expect.poll(() => warned.length, { timeout: 5_000 }).toBeGreaterThan(0);
  expect(warned[0]).toMatchObject({ connection: 'subscriber', error: expect.stringContaining('NOPERM') as string });
  link.close();
  server.close();
  await once(server, 'close');
  expect(await settled()).toEqual([]);
});
