import { expect, test } from 'vitest';
import type { Look } from './fairness.ts';
import type { Line } from './replay.ts';
import { toResult } from './result.ts';

const queued = (session_id: string, enqueued_at_ms: number) => ({
  session_id,
  team_id: 'sales',
  priority: 0,
  skills: [],
  enqueued_at_ms,
});
const look = (at_ms: number, waiting: number): Look => ({
  at_ms,
  waiting,
  loads: [{ agent_id: 'anna', active: 1, serving: 1, capacity: 1, isOnline: true }],
});
/** Two wait for the one slot, the third one finds it free. */
const lines: Line[] = [
  { at_ms: 1_000, what: 'entered', session_id: 'a' },
  { at_ms: 1_500, what: 'entered', session_id: 'b' },
  { at_ms: 2_000, what: 'online', agent_id: 'anna' },
  { at_ms: 2_100, what: 'assigned', session_id: 'a', agent_id: 'anna' },
  { at_ms: 3_000, what: 'closed', session_id: 'a', agent_id: 'anna' },
  { at_ms: 3_020, what: 'assigned', session_id: 'b', agent_id: 'anna' },
  { at_ms: 4_000, what: 'closed', session_id: 'b', agent_id: 'anna' },
  { at_ms: 5_000, what: 'entered', session_id: 'c' },
  { at_ms: 5_007, what: 'assigned', session_id: 'c', agent_id: 'anna' },
];
const facts = {
  strategy: 'least_loaded',
  capacities: new Map([['anna', 1]]),
  opened: 3,
  queued: [queued('a', 1_000), queued('b', 1_500), queued('c', 5_000)],
  lines,
  looks: [look(50, 2), look(500, 1), look(3_000, 0)],
  repeated: 0,
  cores: { own: 1, others: 0 },
  failures: [],
};

test('the rush is apart from what comes behind it, a freed slot from one that was free', () => {
  const { rush, after, delay_ms, wait_ms, fairness } = toResult(facts);
  expect(rush).toMatchObject({ assignments: 1, seconds: 0.1, per_second: 10 });
  expect(after).toMatchObject({ assignments: 2, seconds: 2.907 });
  expect(delay_ms.freed).toMatchObject({ count: 1, p50: 20 });
  expect(delay_ms.at_once).toMatchObject({ count: 1, p50: 7 });
  expect(wait_ms).toMatchObject({ count: 3, max: 1_020 });
  expect([fairness.somebody_waits.looks, fairness.nobody_waits.looks]).toEqual([1, 1]);
});

test('a queue that never catches up has no rush to leave out', () => {
  const { rush, after, delay_ms } = toResult({ ...facts, capacities: new Map([['anna', 2]]) });
  expect([rush.assignments, after.assignments]).toEqual([0, 3]);
  expect(delay_ms.freed.max).toBe(1_020);
});

test('a shift in which all went well has no violations; what did not is counted', () => {
  expect(new Set(Object.values(toResult(facts).violations))).toEqual(new Set([0]));
  const { violations } = toResult({ ...facts, opened: 4, lines: lines.with(3, { ...line(3), session_id: 'b' }) });
  expect(violations).toMatchObject({ overtakers: 2, assigned_twice: 1, never_assigned: 2 });
});

function line(index: number): Extract<Line, { what: 'assigned' | 'closed' }> {
  const found = lines[index];
  if (found?.what !== 'assigned') throw new Error('an assignment is looked for');
  return found;
}
