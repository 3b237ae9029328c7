/** Work on one sample; the number keeps the optimiser from leaving it out. */
export type Work = (index: number) => number;

export interface Timing {
  /** Nanoseconds for one call, of every round. */
  rounds: number[];
}

const WARM_UP_MS = 300;
let kept = 0;

/**
 * Times several works round by round, each round all of them, so that a busy moment of the machine hits them alike.
 * A round gives each work `round_ms` of calls; `samples` is how many different indexes it is called with.
 */
export function interleave<Name extends string>(
  works: Record<Name, Work>,
  { rounds, round_ms, samples }: { rounds: number; round_ms: number; samples: number },
): Record<Name, Timing> {
  const names = Object.keys(works) as Name[];
  const timings = {} as Record<Name, Timing>;
  const calls = {} as Record<Name, number>;
  for (const name of names) {
    timings[name] = { rounds: [] };
    calls[name] = Math.ceil(round_ms / (warmUp(works[name], samples) / 1e6));
  }
  for (let round = 0; round < rounds; round += 1) {
    // Who runs right after whom changes, because one work may leave garbage to the next.
    const order = names.map((_, index) => names[(index + round) % names.length] as Name);
    for (const name of order) timings[name].rounds.push(time(works[name], calls[name], samples));
  }
  if (kept === Number.MIN_VALUE) throw new Error('never; but the optimiser does not know');
  return timings;
}

/** The middle of a list of numbers. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return ((sorted[(sorted.length - 1) >> 1] ?? NaN) + (sorted[sorted.length >> 1] ?? NaN)) / 2;
}

/** How many times longer `slow` took than `fast`: the middle of the rounds' ratios. */
export function ratio(slow: Timing, fast: Timing): number {
  return median(slow.rounds.map((value, round) => value / (fast.rounds[round] ?? NaN)));
}

function warmUp(work: Work, samples: number): number {
  const begun = performance.now();
  let last = 0;
  while (performance.now() - begun < WARM_UP_MS) last = time(work, 2_000, samples);
  return last;
}

function time(work: Work, calls: number, samples: number): number {
  let sum = 0;
  const begun = process.hrtime.bigint();
  for (let call = 0; call < calls; call += 1) sum += work(call % samples);
  const end = process.hrtime.bigint();
  kept += sum;
  return Number(end - begun) / calls;
}
