import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Decoder, type Packet, PacketType } from 'socket.io-parser';
import { FakeWire } from '../../fixture/connection-fixture.ts';
import { AuthDeadline } from './auth-deadline.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const DEADLINE_MS = 10_000;

class UnknownFakeWire extends FakeWire {
  request: { headers: { 'accept-language'?: string } } | null = { headers: { 'accept-language': 'en' } };
  authTimer: NodeJS.Timeout | undefined = undefined;
}

function begin({ isUnderWay = false } = {}) {
  const wire = new UnknownFakeWire();
  const deadline = new AuthDeadline<UnknownFakeWire>({ auth_deadline_ms: DEADLINE_MS, isUnderWay: () => isUnderWay });
  deadline.begin(wire);
  return { wire, deadline };
}

function packetsOf({ texts }: FakeWire): Packet[] {
  const packets: Packet[] = [];
  const decoder = new Decoder();
  decoder.on('decoded', (packet: Packet) => packets.push(packet));
  for (const text of texts) decoder.add(text.slice(1));
  return packets;
}

test('who has not signed in in time is told so, to stock clients as a refused handshake, and closed', () => {
  const { wire } = begin();
  vi.advanceTimersByTime(DEADLINE_MS - 1);
  expect(wire.readyState).toBe('open');
  vi.advanceTimersByTime(1);
  const error = { code: 'AUTH_TIMEOUT', number: 2004, message: expect.any(String) as string, retryable: false };
  expect(packetsOf(wire)).toMatchObject([
    { type: PacketType.CONNECT_ERROR, data: { message: error.message, data: error } },
    { type: PacketType.EVENT, data: ['error', error] },
  ]);
  expect(wire.readyState).toBe('closing');
});

test('who has signed in, is gone, or waits for our judgement is told nothing', () => {
  const signedIn = begin();
  signedIn.wire.request = null;
  const ended = begin();
  ended.deadline.end(ended.wire);
  const closed = begin();
  closed.wire.readyState = 'closed';
  const waiting = begin({ isUnderWay: true });
  vi.advanceTimersByTime(2 * DEADLINE_MS);
  for (const { wire } of [signedIn, ended, closed, waiting]) expect(wire.frames).toEqual([]);
});
