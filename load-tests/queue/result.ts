import type { Cores } from '../measure/cores.ts';
import { type Percentiles, percentilesOf } from '../measure/percentiles.ts';
import { countWrongLoads, type Fairness, jainIndex, type Look, measureFairness } from './fairness.ts';
import { findOvertakers, type Queued } from './order.ts';
import { type Assignment, type Line, replay } from './replay.ts';

/** What one shift came to. */
export interface ShiftResult {
  strategy: string;
  sessions: number;
  /** From the agents' coming until every slot was taken; nothing when that never was. */
  rush: { assignments: number; seconds: number; per_second: number; delay_ms: Percentiles };
  /** All that comes behind. */
  after: { assignments: number; seconds: number; per_second: number };
  /** Of all sessions: from their entering the queue, or from the agents' coming. */
  wait_ms: Percentiles;
  /** After the rush: from a slot, or from the session where a slot was free already. */
  delay_ms: { freed: Percentiles; by_closing: Percentiles; by_agent: Percentiles; at_once: Percentiles };
  /** While anybody waits all are full, and any strategy is fair. */
  fairness: { somebody_waits: Fairness; nobody_waits: Fairness };
  /** Jain's index of how often each agent was chosen where there was a choice: for a session that found a free slot. */
  fairness_of_turns: number;
  /** Assignments that the outbox told again, of a hundred. */
  told_again_percent: number;
  cores: Cores;
  /** None of these may happen. */
  violations: Violations;
  failures: string[];
  series: Series;
}

export interface Violations {
  overtakers: number;
  above_capacity: number;
  above_capacity_at_looks: number;
  miscounted_at_looks: number;
  assigned_to_absent: number;
  assigned_twice: number;
  never_assigned: number;
  failed_calls: number;
}

/** For the plot. */
export interface Series {
  /** Seconds from the agents' coming, and how many wait. */
  waiting: [number, number][];
  /** Seconds that the 0th, 1st … 100th of a hundred sessions has waited at most. */
  wait_percentiles: number[];
}

export interface ShiftFacts {
  strategy: string;
  capacities: ReadonlyMap<string, number>;
  /** How many were opened. */
  opened: number;
  queued: readonly Queued[];
  lines: readonly Line[];
  looks: readonly Look[];
  repeated: number;
  cores: Cores;
  failures: readonly string[];
}

export function toResult(facts: ShiftFacts): ShiftResult {
  const { strategy, capacities, opened, queued, lines, looks, repeated, cores, failures } = facts;
  const replayed = replay(lines, capacities);
  const { assignments } = replayed;
  const assigned = assignments.map(({ session_id }) => session_id);
  const began_ms = lines.find(({ what }) => what === 'online')?.at_ms ?? 0;
  const waits = waitsOf(queued, assignments, began_ms);
  // Never caught up: then nothing is left out as a rush.
  const full_at_ms = replayed.full_at_ms ?? began_ms;
  const isRush = (one: Assignment) => replayed.full_at_ms !== undefined && !one.isAfterRush;
  const rush = assignments.filter(isRush);
  const after = assignments.filter((one) => !isRush(one));
  const atOnce = after.filter(({ cause }) => cause === 'session');
  const freed = after.filter(({ cause }) => cause !== 'session');
  const isRushOver = ({ at_ms }: Look) => at_ms >= full_at_ms - began_ms;
  const loads = countWrongLoads(looks);
  return {
    strategy,
    sessions: opened,
    rush: { ...pace(rush, began_ms), delay_ms: delaysOf(rush) },
    after: pace(after, full_at_ms),
    wait_ms: percentilesOf([...waits]),
    delay_ms: {
      freed: delaysOf(freed),
      by_closing: delaysOf(freed.filter(({ cause }) => cause === 'closing')),
      by_agent: delaysOf(freed.filter(({ cause }) => cause === 'agent')),
      at_once: delaysOf(atOnce),
    },
    fairness: {
      somebody_waits: measureFairness(looks.filter((one) => isRushOver(one) && one.waiting > 0)),
      nobody_waits: measureFairness(looks.filter((one) => isRushOver(one) && one.waiting === 0)),
    },
    fairness_of_turns: jainIndex(turnsOf(atOnce, capacities.keys())),
    told_again_percent: (repeated / assigned.length) * 100,
    cores,
    violations: {
      overtakers: findOvertakers(queued, assigned).length,
      above_capacity: replayed.above_capacity,
      above_capacity_at_looks: loads.above_capacity,
      miscounted_at_looks: loads.miscounted,
      assigned_to_absent: replayed.to_absent,
      assigned_twice: assigned.length - new Set(assigned).size,
      never_assigned: opened - new Set(assigned).size,
      failed_calls: failures.length,
    },
    failures: [...failures],
    series: {
      waiting: looks.map(({ at_ms, waiting }) => [Math.round(at_ms) / 1_000, waiting]),
      wait_percentiles: centilesOf(waits).map((wait_ms) => Math.round(wait_ms) / 1_000),
    },
  };
}

/** How long it took to set the stage says nothing of the queue. */
function waitsOf(queued: readonly Queued[], assignments: readonly Assignment[], began_ms: number): number[] {
  const enqueued = new Map(queued.map(({ session_id, enqueued_at_ms }) => [session_id, enqueued_at_ms]));
  return assignments.map(({ session_id, at_ms }) => at_ms - Math.max(began_ms, enqueued.get(session_id) ?? at_ms));
}

function turnsOf(assignments: readonly Assignment[], agent_ids: Iterable<string>): number[] {
  const turns = Map.groupBy(assignments, ({ agent_id }) => agent_id);
  return [...agent_ids].map((agent_id) => turns.get(agent_id)?.length ?? 0);
}

function delaysOf(assignments: readonly Assignment[]): Percentiles {
  return percentilesOf(assignments.map(({ delay_ms }) => delay_ms));
}

function pace(assignments: readonly Assignment[], from_ms: number) {
  const seconds = ((assignments.at(-1)?.at_ms ?? from_ms) - from_ms) / 1_000;
  return { assignments: assignments.length, seconds, per_second: seconds > 0 ? assignments.length / seconds : 0 };
}

function centilesOf(values: readonly number[]): number[] {
  const sorted = values.toSorted((one, other) => one - other);
  const last = sorted.length - 1;
  return Array.from({ length: 101 }, (_, share) => sorted[Math.round((share / 100) * last)] ?? 0);
}
