import { expect, test } from 'vitest';
import { lingerMs, Rate } from './linger.ts';

test.each([
  [0, 0],
  [500, 0],
  [1_000, 1],
  [2_000, 1],
  [4_000, 2],
])('at %i records a second the oldest waits %i ms for company', (rate, linger) => {
  expect(lingerMs(rate)).toBe(linger);
});

test('the rate follows the traffic within half a second, up and down', () => {
  const rate = new Rate();
  let now = 0;
  for (; now < 1_000; now += 1) rate.add(1, now);
  expect(rate.at(now)).toBeGreaterThan(900);
  expect(rate.at(now)).toBeLessThan(1_100);
  expect(rate.at(now + 500)).toBeLessThan(200);
});

test('one record after a long silence is no traffic', () => {
  const rate = new Rate();
  rate.add(1, 3_600_000);
  expect(lingerMs(rate.at(3_600_000))).toBe(0);
});
