import { expect, test } from 'vitest';
import { countWrongLoads, jainIndex, type Load, type Look, measureFairness } from './fairness.ts';

const load = (agent_id: string, active: number, more: Partial<Load> = {}): Load => ({
  agent_id,
  active,
  serving: active,
  capacity: 4,
  isOnline: true,
  ...more,
});
const look = (...loads: Load[]): Look => ({ at_ms: 0, waiting: 0, loads });

test("Jain's index is 1 for equals, 1/n for one who has it all", () => {
  expect(jainIndex([3, 3, 3])).toBe(1);
  expect(jainIndex([5, 0, 0, 0])).toBe(0.25);
  expect(jainIndex([1, 2, 3])).toBeCloseTo(36 / 42);
  expect(jainIndex([])).toBe(1);
  expect(jainIndex([0, 0])).toBe(1);
});

test('load counts by capacity, of those who are online', () => {
  const even = look(load('a', 2), load('b', 4, { capacity: 8 }), load('c', 0, { isOnline: false }));
  expect(measureFairness([even])).toEqual({ looks: 1, mean: 1, least: 1, of_means: 1 });
});

test('what is uneven at each look may be even over time', () => {
  const fairness = measureFairness([look(load('a', 4), load('b', 0)), look(load('a', 0), load('b', 4))]);
  expect(fairness).toEqual({ looks: 2, mean: 0.5, least: 0.5, of_means: 1 });
});

test('who is above capacity or miscounted is found', () => {
  const looks = [look(load('a', 5), load('b', 4, { serving: 5 }), load('c', 4)), look(load('a', 3, { serving: 2 }))];
  expect(countWrongLoads(looks)).toEqual({ above_capacity: 2, miscounted: 2 });
});
