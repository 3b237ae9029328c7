/** The simulation itself, run by main.ts: under vitest, because entities are made of decorators. */
import { writeFile } from 'node:fs/promises';
import { afterAll, expect, test } from 'vitest';
import { watchCores } from '../measure/cores.ts';
import { readLines, readQueued } from './look.ts';
import { planShift } from './plan-shift.ts';
import { type ShiftResult, toResult } from './result.ts';
import { runShift } from './run-shift.ts';
import { setStage } from './stage.ts';

const shift = planShift(Number(process.env['QUEUE_SIM_SEED']));
const results: ShiftResult[] = [];

afterAll(() => writeFile(process.env['QUEUE_SIM_RESULTS'] ?? '', JSON.stringify(results)));

test.each(['least_loaded', 'round_robin'] as const)(
  '%s: nobody overtakes an equal, has more than fits, or is forgotten',
  async (strategy) => {
    const stage = await setStage(strategy, shift);
    try {
      const countCores = watchCores([Number(process.env['MYSQL_PID'])]);
      const { looks, repeated, failures } = await runShift(stage, shift.breaks);
      const cores = countCores();
      const result = toResult({
        strategy,
        capacities: new Map(stage.agents.map(({ agent_id, capacity }) => [agent_id, capacity])),
        opened: stage.waiting.length + stage.arrivals.length,
        queued: await readQueued(stage),
        lines: await readLines(stage),
        looks,
        repeated,
        cores,
        failures,
      });
      results.push(result);
      expect({ ...result.violations, failures: result.failures }).toEqual({ ...NONE, failures: [] });
    } finally {
      await stage.close();
    }
  },
);

const NONE: ShiftResult['violations'] = {
  overtakers: 0,
  above_capacity: 0,
  above_capacity_at_looks: 0,
  miscounted_at_looks: 0,
  assigned_to_absent: 0,
  assigned_twice: 0,
  never_assigned: 0,
  failed_calls: 0,
};
