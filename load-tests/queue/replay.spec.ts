import { expect, test } from 'vitest';
import { type Line, replay } from './replay.ts';

const entered = (at_ms: number, session_id: string): Line => ({ at_ms, what: 'entered', session_id });
const assigned = (at_ms: number, session_id: string, agent_id = 'anna'): Line => ({
  at_ms,
  what: 'assigned',
  session_id,
  agent_id,
});
const closed = (at_ms: number, session_id: string, agent_id = 'anna'): Line => ({
  at_ms,
  what: 'closed',
  session_id,
  agent_id,
});
const status = (at_ms: number, what: 'online' | 'busy', agent_id = 'anna'): Line => ({ at_ms, what, agent_id });
const one = new Map([['anna', 1]]);

test('who waited is measured from the slot: from its freeing or from the agent who came', () => {
  const { assignments, above_capacity, to_absent } = replay(
    [entered(1, 'a'), entered(2, 'b'), status(10, 'online'), assigned(14, 'a'), closed(30, 'a'), assigned(37, 'b')],
    one,
  );
  expect(assignments.map(({ cause, delay_ms }) => [cause, delay_ms])).toEqual([
    ['agent', 4],
    ['closing', 7],
  ]);
  expect({ above_capacity, to_absent }).toEqual({ above_capacity: 0, to_absent: 0 });
});

test('who finds a free slot is measured from the own coming', () => {
  const { assignments } = replay([status(1, 'online'), entered(50, 'a'), assigned(52, 'a')], one);
  expect(assignments).toMatchObject([{ cause: 'session', delay_ms: 2 }]);
});

test('the slot that was free longest is taken first', () => {
  const lines = [
    [entered(1, 'a'), entered(1, 'b'), entered(1, 'c'), entered(1, 'd')],
    [status(2, 'online'), assigned(3, 'a'), assigned(4, 'b')],
    [closed(10, 'a'), closed(20, 'b'), assigned(21, 'c'), assigned(23, 'd')],
  ].flat();
  const delays = replay(lines, new Map([['anna', 2]])).assignments.map(({ delay_ms }) => delay_ms);
  expect(delays).toEqual([1, 2, 11, 3]);
});

test('a slot that was freed during a break is free from the return', () => {
  const lines = [
    [entered(1, 'a'), entered(1, 'b'), status(2, 'online'), assigned(3, 'a')],
    [status(5, 'busy'), closed(6, 'a'), status(20, 'online'), assigned(22, 'b')],
  ].flat();
  expect(replay(lines, one).assignments[1]).toMatchObject({ cause: 'agent', delay_ms: 2 });
});

test('the rush is over when everybody has come and every slot was taken', () => {
  const two = new Map([
    ['anna', 1],
    ['bo', 1],
  ]);
  const lines = [
    [entered(1, 'a'), entered(1, 'b'), entered(1, 'c'), status(2, 'online'), assigned(3, 'a')],
    [status(4, 'online', 'bo'), assigned(5, 'b', 'bo'), closed(6, 'a'), assigned(7, 'c')],
  ].flat();
  const { full_at_ms, assignments } = replay(lines, two);
  expect(full_at_ms).toBe(5);
  expect(assignments.map(({ isAfterRush }) => isAfterRush)).toEqual([false, false, true]);
});

test('one too many and one to somebody who is not there are found', () => {
  const above = [entered(1, 'a'), entered(1, 'b'), status(2, 'online'), assigned(3, 'a'), assigned(4, 'b')];
  expect(replay(above, one)).toMatchObject({ above_capacity: 1, to_absent: 0 });
  const absent = [entered(1, 'a'), status(2, 'online'), status(3, 'busy'), assigned(4, 'a')];
  expect(replay(absent, one)).toMatchObject({ above_capacity: 0, to_absent: 1 });
});
