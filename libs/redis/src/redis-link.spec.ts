import { setImmediate as nextTurn } from 'node:timers/promises';
import { Server } from 'socket.io';
import { expect, onTestFinished, test } from 'vitest';
import { RedisLink } from './redis-link.ts';

test('a link that is closed before Redis has answered leaves no failed promise behind', async () => {
  const unhandled: unknown[] = [];
  const notice = (reason: unknown) => void unhandled.push(reason);
  process.on('unhandledRejection', notice);
  onTestFinished(() => void process.off('unhandledRejection', notice));
  const silent = { info: () => undefined, warn: () => undefined };
  // Nobody listens on port 1: the subscriptions wait in the queue.
  const link = new RedisLink('redis://127.0.0.1:1', silent);
  const io = new Server();
  io.adapter(link.createAdapter());
  io.serverSideEmit('anything');
  await io.of('/').adapter.close();
  link.close();
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  expect(unhandled).toEqual([]);
});
