import { expect, test } from 'vitest';
import { takeToken } from './token-bucket.ts';

const limit = { rate: 50, burst: 3 };

test('a burst passes at once, then one for each interval', () => {
  const bucket = { tokens: 3, tokensAt: 0 };
  expect([0, 0, 0, 0].map((now) => takeToken(bucket, limit, now))).toEqual([true, true, true, false]);
  expect(takeToken(bucket, limit, 19)).toBe(false);
  expect(takeToken(bucket, limit, 20)).toBe(true);
  expect(takeToken(bucket, limit, 20)).toBe(false);
});

test('a refused try costs nothing: who hammers gets through as often as who waits', () => {
  const bucket = { tokens: 0, tokensAt: 0 };
  let passed = 0;
  for (let now = 1; now <= 1_000; now += 1) if (takeToken(bucket, limit, now)) passed += 1;
  expect(passed).toBeGreaterThanOrEqual(49);
  expect(passed).toBeLessThanOrEqual(50);
});

test('a long pause fills it to the burst and no further', () => {
  const bucket = { tokens: 0, tokensAt: 0 };
  const passed = Array.from({ length: 10 }, () => takeToken(bucket, limit, 3_600_000)).filter(Boolean);
  expect(passed).toHaveLength(3);
});
