/** An agent at one look. */
export interface Load {
  readonly agent_id: string;
  /** Of the row, and of the sessions that the agent serves: both in one statement. */
  readonly active: number;
  readonly serving: number;
  readonly capacity: number;
  readonly isOnline: boolean;
}
export interface Look {
  /** From the moment at which the agents came. */
  readonly at_ms: number;
  readonly waiting: number;
  readonly loads: readonly Load[];
}

/**
 * Jain's index of fairness: 1 when all have the same, 1/n when one has everything. Of nothing it is 1.
 * R. Jain, D. Chiu, W. Hawe: A Quantitative Measure of Fairness, DEC-TR-301, 1984.
 */
export function jainIndex(shares: readonly number[]): number {
  const sum = shares.reduce((total, share) => total + share, 0);
  const squares = shares.reduce((total, share) => total + share ** 2, 0);
  return squares === 0 ? 1 : sum ** 2 / (shares.length * squares);
}

export interface Fairness {
  readonly looks: number;
  /** Of the loads at one look: the mean over the looks, and the least. */
  readonly mean: number;
  readonly least: number;
  /** Of each agent's mean load. */
  readonly of_means: number;
}

/** How evenly the load, active by capacity, lies on those who are online. */
export function measureFairness(looks: readonly Look[]): Fairness {
  const each = looks.map(({ loads }) => jainIndex(loads.filter(({ isOnline }) => isOnline).map(loadOf)));
  const online = looks.flatMap(({ loads }) => loads.filter(({ isOnline }) => isOnline));
  const byAgent = [...Map.groupBy(online, ({ agent_id }) => agent_id).values()];
  return {
    looks: looks.length,
    mean: mean(each),
    least: each.reduce((least, index) => Math.min(least, index), 1),
    of_means: jainIndex(byAgent.map((loads) => mean(loads.map(loadOf)))),
  };
}

/** Agents above capacity, and agents whose count of sessions is not the number of their sessions; over all looks. */
export function countWrongLoads(looks: readonly Look[]): { above_capacity: number; miscounted: number } {
  const all = looks.flatMap(({ loads }) => loads);
  return {
    above_capacity: all.filter(({ active, serving, capacity }) => Math.max(active, serving) > capacity).length,
    miscounted: all.filter(({ active, serving }) => active !== serving).length,
  };
}

function loadOf({ active, capacity }: Load): number {
  return active / capacity;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 1 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
