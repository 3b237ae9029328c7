import { expect, test, vi } from 'vitest';
import { Connection, type ConnectionEdges, type ConnectionOptions } from './connection.ts';

function connectionWith(token: () => string | Promise<string>) {
  const changes: [string, string | undefined][] = [];
  const edges: ConnectionEdges = {
    changed: (state, error) => changes.push([state, error?.code]),
    ready: () => {},
    event: () => {},
  };
  let opened = 0;
  const options: ConnectionOptions = {
    // Looked at for each socket, and for nothing else.
    get url() {
      opened += 1;
      return 'http://chat.invalid';
    },
    token,
    codec: 'json',
    random: () => 0,
    isReachable: async () => true,
  };
  return { connection: new Connection(options, edges), changes, opened: () => opened };
}

test('a token that can not be had is told and asked for again, until the connection is closed', async () => {
  let asked = 0;
  const { connection, changes } = connectionWith(async () => {
    asked += 1;
    throw new Error('offline');
  });
  const running = connection.run();
  running.catch(() => {}); // awaited below
  await vi.waitUntil(() => asked >= 5);
  expect(connection.state).toBe('connecting');
  expect(changes[0]).toEqual(['connecting', 'UNAVAILABLE']);
  connection.close();
  await running;
  expect(connection.state).toBe('stopped');
});

test('closed while a token is on its way: no socket is opened, and run ends', async () => {
  let give = (_: string): void => {};
  const { connection, opened } = connectionWith(() => new Promise<string>((resolve) => (give = resolve)));
  const running = connection.run();
  connection.close();
  give('token');
  await running;
  expect(connection.state).toBe('stopped');
  expect(opened()).toBe(0);
});
