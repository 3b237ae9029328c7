import { expect, test } from 'vitest';
import { findOvertakers, type Queued } from './order.ts';

const queued = (session_id: string, enqueued_at_ms: number, more: Partial<Queued> = {}): Queued => ({
  session_id,
  team_id: 'sales',
  priority: 0,
  skills: [],
  enqueued_at_ms,
  ...more,
});
const overtakers = (all: Queued[], assigned: string[]) => findOvertakers(all, assigned).map((one) => one.session_id);

test('as they came: nobody is overtaken', () => {
  expect(overtakers([queued('a', 1), queued('b', 2), queued('c', 3)], ['a', 'b', 'c'])).toEqual([]);
});

test('whoever is assigned before one that came earlier has overtaken', () => {
  expect(overtakers([queued('a', 1), queued('b', 2), queued('c', 3)], ['b', 'c', 'a'])).toEqual(['c', 'b']);
});

test('also one that waits for ever can be overtaken, but overtakes nobody', () => {
  expect(overtakers([queued('a', 1), queued('b', 2)], ['b'])).toEqual(['b']);
  expect(overtakers([queued('a', 1), queued('b', 2)], ['a'])).toEqual([]);
  expect(overtakers([queued('a', 1), queued('b', 2)], [])).toEqual([]);
});

test('who came in the same microsecond goes by id', () => {
  expect(overtakers([queued('a', 1.001), queued('b', 1.001)], ['b', 'a'])).toEqual(['b']);
});

test('another team, priority or wish is no equal; the order of wishes means nothing', () => {
  const first = queued('a', 1, { skills: ['x', 'y'] });
  for (const more of [{ team_id: 'help' }, { priority: 3 }, { skills: ['x'] }]) {
    expect(overtakers([first, queued('b', 2, { skills: ['x', 'y'], ...more })], ['b', 'a'])).toEqual([]);
  }
  expect(overtakers([first, queued('b', 2, { skills: ['y', 'x'] })], ['b', 'a'])).toEqual(['b']);
});
