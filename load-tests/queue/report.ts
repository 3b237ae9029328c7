import type { Percentiles } from '../measure/percentiles.ts';
import { MEAN_SERVICE_MS, PHASES, WAITING } from './plan-shift.ts';
import type { ShiftResult, Violations } from './result.ts';

export interface QueueReport {
  machine: string;
  commit: string;
  seed: number;
  shifts: ShiftResult[];
}

type Figure = readonly [name: string, goal: string, show: (shift: ShiftResult) => string];

const figures: readonly Figure[] = [
  ['sessions', '', ({ sessions }) => String(sessions)],
  ['freed slot → assigned, somebody waits: P50 / P95 / P99, ms', 'P99 ≤ 200, aim 50', (s) => ms(s.delay_ms.freed)],
  ['… freed by a closing', '', (s) => ms(s.delay_ms.by_closing)],
  ['… by an agent who comes back', '', (s) => ms(s.delay_ms.by_agent)],
  ['session comes, slot is free → assigned: P50 / P95 / P99, ms', '', (s) => ms(s.delay_ms.at_once)],
  ['wait in the queue since the agents came: P50 / P95 / P99, s', '', (s) => seconds(s.wait_ms)],
  [
    'all agents come at once: slots taken',
    '',
    ({ rush }) => (rush.assignments > 0 ? `${rush.assignments} in ${rush.seconds.toFixed(1)} s` : 'never all'),
  ],
  ['… assignments a second', '', ({ rush }) => rush.per_second.toFixed(0)],
  ['assignments a second after that', '', ({ after }) => after.per_second.toFixed(1)],
  [
    "Jain's index of active / capacity while nobody waits, mean over looks",
    '≥ 0.95',
    ({ fairness }) => fairness.nobody_waits.mean.toFixed(3),
  ],
  ['… of the mean loads', '', ({ fairness }) => fairness.nobody_waits.of_means.toFixed(3)],
  ['… while somebody waits, mean over looks', '', ({ fairness }) => fairness.somebody_waits.mean.toFixed(3)],
  ["Jain's index of turns, where there was a choice", '', (s) => s.fairness_of_turns.toFixed(3)],
  ['assignments that the outbox told again', '', (s) => `${s.told_again_percent.toFixed(0)} %`],
  [
    'cores used by all of this / by others on the machine',
    '',
    ({ cores }) => `${cores.own.toFixed(2)} / ${cores.others.toFixed(2)}`,
  ],
];

const violations: Readonly<Record<keyof Violations, string>> = {
  overtakers: 'who overtook an equal that came earlier',
  above_capacity: 'assignments above capacity, by the audit log',
  above_capacity_at_looks: 'agents above capacity, by the rows at each look',
  miscounted_at_looks: 'agents whose `active` is not the number of their sessions, at each look',
  assigned_to_absent: 'assignments to who was not online',
  assigned_twice: 'sessions that were assigned twice',
  never_assigned: 'sessions that were never assigned',
  failed_calls: 'calls that failed',
};

/** @param plot the address of the picture */
export function toMarkdown({ machine, commit, seed, shifts }: QueueReport, plot: string): string {
  const names = Object.keys(violations) as (keyof Violations)[];
  const strategies = shifts.map(({ strategy }) => `\`${strategy}\``);
  const mean_service = MEAN_SERVICE_MS / 1_000;
  const phases = PHASES.map(
    ({ seconds, load }) => `${seconds} s of Poisson arrivals at ${load} of what they can serve`,
  );
  return [
    `# Queue: ${WAITING.toLocaleString('en')} wait, 100 agents, slots are freed`,
    '',
    `${machine}; commit ${commit}; MariaDB with its data in RAM, three replicas of session's parts and the visitors in one process, all on the same machine; seed ${seed}.`,
    '',
    `Three teams, each fourth agent in two of them, capacities 3 to 8; services of ${mean_service} s in the mean, exponential; a fifth of the sessions with skills, a fifth with a priority; now and then an agent is busy for some seconds. The agents come when their slots and ${WAITING.toLocaleString('en')} more sessions wait; then follow ${phases.join(', and ')}. The same sessions come with both strategies.`,
    '',
    row(['figure', 'goal', ...strategies]),
    row(['---', '---', ...strategies.map(() => '---')]),
    ...figures.map(([name, goal, show]) => row([name, goal, ...shifts.map(show)])),
    ...names.map((name) => row([violations[name], '0', ...shifts.map((shift) => String(shift.violations[name]))])),
    '',
    `![Who waits over time, and how long sessions have waited](${plot})`,
    '',
    "Times are the database's, of each transaction's line in the audit log, which is its last write; the order of assignments is that of these lines, which are written under the team's lock. Raw percentiles stand in the JSON file beside this one.",
    '',
  ].join('\n');
}

function ms(times: Percentiles): string {
  return `${[times.p50, times.p95, times.p99].map((time) => time.toFixed(1)).join(' / ')} (${times.count})`;
}

function seconds(times: Percentiles): string {
  return [times.p50, times.p95, times.p99].map((time) => (time / 1_000).toFixed(1)).join(' / ');
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
