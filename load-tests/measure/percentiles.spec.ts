import { expect, test } from 'vitest';
import { percentilesOf } from './percentiles.ts';

test('percentiles of 1…100', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentilesOf(values)).toEqual({ count: 100, mean: 50.5, p50: 51, p90: 91, p95: 96, p99: 100, max: 100 });
});

test('nothing measured is zero, not NaN', () => {
  expect(percentilesOf([])).toEqual({ count: 0, mean: 0, p50: 0, p90: 0, p95: 0, p99: 0, max: 0 });
});
