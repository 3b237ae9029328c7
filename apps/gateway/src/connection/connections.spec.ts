import { expect, test } from 'vitest';
import { agent, fakeConnection, ids } from '../../fixture/connection-fixture.ts';
import type { Connection } from './connection.ts';
import { Connections } from './connections.ts';
import { spreadFor } from './drain.ts';
import { isOriginAllowed } from './origins.ts';
import { Rooms } from './rooms.ts';

test('rooms come from the token alone, and none is left behind', () => {
  const rooms = new Rooms<Connection>();
  const connections = new Connections(rooms, 3);
  const { connection } = fakeConnection({ person: agent });
  connections.add(connection);
  connections.watch(connection, ids.session('1'));
  connections.watch(connection, ids.session('1'));
  expect([...rooms.membersOf(`agent:${ids.agent('1')}`)]).toEqual([connection]);
  expect([...rooms.membersOf(`team:${ids.team('1')}`)]).toEqual([connection]);
  expect([...rooms.membersOf(`watch:${ids.session('1')}`)]).toEqual([connection]);
  expect(connection.watched).toHaveLength(1);
  connections.unwatch(connection, ids.session('1'));
  expect([...rooms.membersOf(`watch:${ids.session('1')}`)]).toEqual([]);
  connections.watch(connection, ids.session('2'));
  connections.remove(connection);
  expect(rooms.size).toBe(0);
  expect(connections.size).toBe(0);
});

test('whoever comes at once is spread over the heartbeat, everybody in exactly one slot', () => {
  const connections = new Connections(new Rooms<Connection>(), 5);
  const crowd = Array.from({ length: 52 }, () => fakeConnection().connection);
  for (const connection of crowd) connections.add(connection);
  const slots = [5, 6, 7, 8, 9].map((slot) => connections.inSlot(slot));
  expect(new Set(slots.flat())).toEqual(new Set(crowd));
  for (const slot of slots) expect(slot.length).toBeLessThanOrEqual(11);
});

test('a small crowd leaves at once, a large one no faster than others can take it, none later than the drain allows', () => {
  expect(spreadFor(0, 10_000)).toBe(0);
  expect(spreadFor(2_000, 10_000)).toBe(1_000);
  expect(spreadFor(1_000_000, 10_000)).toBe(6_000);
});

test.each([
  ['no browser', undefined, true],
  ['a listed page', 'https://shop.example.com', true],
  ['our own page', 'https://chat.example.com:8443', true],
  ['a stranger', 'https://evil.example.com', false],
  ['the listed name over plain HTTP', 'http://shop.example.com', false],
  ['a sandboxed page', 'null', false],
])('origin: %s', (_name, origin, isAllowed) => {
  expect(isOriginAllowed(origin, 'chat.example.com:8443', ['https://shop.example.com'])).toBe(isAllowed);
  expect(isOriginAllowed(origin, 'chat.example.com:8443', [])).toBe(true);
});
