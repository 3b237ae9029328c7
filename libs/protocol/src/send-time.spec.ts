import { expect, test } from 'vitest';
import { toSendTime } from './send-time.ts';

test('a send_time is nanoseconds, and keeps the microseconds of the clock', () => {
  expect(toSendTime(1_769_558_400_123)).toBe('1769558400123000000');
  expect(toSendTime(1_769_558_400_123.457)).toBe('1769558400123457000');
});
