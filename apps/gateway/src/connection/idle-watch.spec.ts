import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { agent, fakeConnection } from '../../fixture/connection-fixture.ts';
import { now } from './clock.ts';
import { dueOf, IdleWatch } from './idle-watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const IDLE_MS = 60_000;

function makeWatch() {
  const told: string[] = [];
  const watch = new IdleWatch({ idle_ms: IDLE_MS, onAgent: (_connection, state) => told.push(state) });
  watch.start();
  return { watch, told };
}

test('a silent visitor is told why and closed; a sign puts it off', () => {
  const { watch } = makeWatch();
  const silent = fakeConnection({ now: now() });
  const lively = fakeConnection({ now: now() });
  watch.add(silent.connection);
  watch.add(lively.connection);
  vi.advanceTimersByTime(IDLE_MS / 2);
  watch.noteSign(lively.connection, now());
  vi.advanceTimersByTime(IDLE_MS / 2 + 3_000);
  expect(silent.wire.events).toMatchObject([['error', { code: 'IDLE', number: 3005, retryable: true }]]);
  expect(silent.wire.readyState).toBe('closing');
  expect(lively.wire.readyState).toBe('open');
  watch.stop();
});

test('a silent agent stays connected and is shown as idle, once, until the next sign', () => {
  const { watch, told } = makeWatch();
  const { connection, wire } = fakeConnection({ person: agent, now: now() });
  watch.add(connection);
  vi.advanceTimersByTime(3 * IDLE_MS);
  expect(told).toEqual(['idle']);
  watch.noteSign(connection, now());
  expect(told).toEqual(['idle', 'active']);
  vi.advanceTimersByTime(IDLE_MS + 3_000);
  expect(told).toEqual(['idle', 'active', 'idle']);
  expect(wire.readyState).toBe('open');
  watch.stop();
});

test('a connection whose token has expired comes back with a new one: the code is one to retry', () => {
  const { watch } = makeWatch();
  const { connection, wire } = fakeConnection({ person: agent, now: now(), expiresAt: now() + 10_000 });
  watch.add(connection);
  vi.advanceTimersByTime(13_000);
  expect(wire.events).toMatchObject([['error', { retryable: true }]]);
  expect(wire.readyState).toBe('closing');
  watch.stop();
});

test('what is due first counts: the silence or the end of the token', () => {
  const { connection } = fakeConnection({ now: 1_000, expiresAt: 50_000 });
  expect(dueOf(connection, 10_000)).toBe(11_000);
  expect(dueOf(connection, 100_000)).toBe(50_000);
  connection.isIdle = true;
  expect(dueOf(connection, 10_000)).toBe(50_000);
});
