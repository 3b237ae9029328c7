/** What happens in a shift, planned before it begins: the same seed plans the same one, whatever the strategy makes of it. */
import { SeededRandom } from './random.ts';

export interface PlannedAgent {
  readonly team_indexes: readonly number[];
  readonly capacity: number;
  readonly skills: readonly string[];
}
export interface PlannedSession {
  /** When it comes, from the moment at which the agents come. */
  readonly at_ms: number;
  readonly team_index: number;
  readonly priority: number;
  readonly skills: readonly string[];
  /** From its assignment to its closing. */
  readonly service_ms: number;
}
/** An agent is busy for a while. */
export interface PlannedBreak {
  readonly agent_index: number;
  readonly at_ms: number;
  readonly until_ms: number;
}
export interface Shift {
  readonly seed: number;
  readonly agents: readonly PlannedAgent[];
  /** Who waits when the agents come: `WAITING` more than they have slots. */
  readonly waiting: readonly PlannedSession[];
  readonly arrivals: readonly PlannedSession[];
  readonly breaks: readonly PlannedBreak[];
}

export const TEAMS = 3;
export const WAITING = 1_000;
/** Minutes in life; the database's clock can't be hurried, so seconds here. */
export const MEAN_SERVICE_MS = 20_000;
const AGENTS = 100;
/** Each fourth agent is in a second team as well. */
const TWO_TEAMS = 4;
/** How much of what the agents can serve comes in: first the crowd is worked off, then nobody waits for long. */
export const PHASES = [
  { seconds: 60, load: 0.3 },
  { seconds: 45, load: 0.75 },
] as const;
const SKILL_SETS = [[], ['billing'], ['returns'], ['billing', 'returns']] as const;
const SKILL_WEIGHTS = { sessions: [80, 8, 8, 4], agents: [25, 25, 25, 25] } as const;
const PRIORITIES = [0, 3, 7] as const;
const PRIORITY_WEIGHTS = [80, 15, 5] as const;
const BREAKS = { from_ms: 12_000, mean_gap_ms: 2_000, least_ms: 3_000, most_ms: 8_000 } as const;

export function planShift(seed: number): Shift {
  const random = new SeededRandom(seed);
  const agents = Array.from({ length: AGENTS }, (_, index) => planAgent(random, index));
  const slots = countSlots(agents);
  const weights = weighTeams(agents);
  const session = (at_ms: number) => planSession(random, at_ms, weights);
  const waiting = Array.from({ length: WAITING + slots }, () => session(0));
  const arrivals: PlannedSession[] = [];
  let begin_ms = 0;
  for (const { seconds, load } of PHASES) {
    const end_ms = begin_ms + seconds * 1_000;
    const mean_gap_ms = MEAN_SERVICE_MS / (slots * load);
    const next = (from_ms: number) => from_ms + random.exponential(mean_gap_ms);
    for (let at_ms = next(begin_ms); at_ms < end_ms; at_ms = next(at_ms)) arrivals.push(session(at_ms));
    begin_ms = end_ms;
  }
  return { seed, agents, waiting, arrivals, breaks: planBreaks(random, begin_ms) };
}

export function countSlots(agents: readonly PlannedAgent[]): number {
  return agents.reduce((sum, { capacity }) => sum + capacity, 0);
}

function planAgent(random: SeededRandom, index: number): PlannedAgent {
  const home = index % TEAMS;
  const isInTwo = Math.floor(index / TEAMS) % TWO_TEAMS === 0;
  const team_indexes = isInTwo ? [home, (home + 1) % TEAMS] : [home];
  const skills = SKILL_SETS[random.pick(SKILL_WEIGHTS.agents)] ?? [];
  return { team_indexes, capacity: random.between(3, 8), skills };
}

function planSession(random: SeededRandom, at_ms: number, teams: readonly number[]): PlannedSession {
  return {
    at_ms,
    team_index: random.pick(teams),
    priority: PRIORITIES[random.pick(PRIORITY_WEIGHTS)] ?? 0,
    skills: SKILL_SETS[random.pick(SKILL_WEIGHTS.sessions)] ?? [],
    service_ms: random.exponential(MEAN_SERVICE_MS),
  };
}

/** A team is asked for as often as it can serve; who is in two teams counts half in each. */
function weighTeams(agents: readonly PlannedAgent[]): number[] {
  return Array.from({ length: TEAMS }, (_, team_index) =>
    agents
      .filter(({ team_indexes }) => team_indexes.includes(team_index))
      .reduce((sum, { capacity, team_indexes }) => sum + capacity / team_indexes.length, 0),
  );
}

function planBreaks(random: SeededRandom, end_ms: number): PlannedBreak[] {
  const breaks: PlannedBreak[] = [];
  const isAway = (agent_index: number, at_ms: number) =>
    breaks.some((one) => one.agent_index === agent_index && one.until_ms >= at_ms);
  const next = (from_ms: number) => from_ms + random.exponential(BREAKS.mean_gap_ms);
  for (let at_ms = next(BREAKS.from_ms); at_ms < end_ms; at_ms = next(at_ms)) {
    const agent_index = random.between(0, AGENTS - 1);
    const until_ms = at_ms + random.between(BREAKS.least_ms, BREAKS.most_ms);
    if (!isAway(agent_index, at_ms)) breaks.push({ agent_index, at_ms, until_ms });
  }
  return breaks;
}
