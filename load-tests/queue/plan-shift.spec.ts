import { expect, test } from 'vitest';
import { countSlots, MEAN_SERVICE_MS, PHASES, planShift, TEAMS, WAITING } from './plan-shift.ts';
import { SeededRandom } from './random.ts';

const shift = planShift(1);

test('a seed plans one shift, another seed another one', () => {
  expect(planShift(1)).toEqual(shift);
  expect(planShift(2)).not.toEqual(shift);
});

test('1,000 wait beyond the slots of 100 agents, who have 3 to 8 each', () => {
  expect(shift.agents).toHaveLength(100);
  expect(shift.waiting).toHaveLength(WAITING + countSlots(shift.agents));
  expect(new Set(shift.agents.map(({ capacity }) => capacity))).toEqual(new Set([3, 4, 5, 6, 7, 8]));
});

test('each team has agents of its own, some that it shares, and somebody with every skill', () => {
  for (let team = 0; team < TEAMS; team += 1) {
    const members = shift.agents.filter(({ team_indexes }) => team_indexes.includes(team));
    expect(members.some(({ team_indexes }) => team_indexes.length === 1)).toBe(true);
    expect(members.some(({ team_indexes }) => team_indexes.length === 2)).toBe(true);
    expect(members.some(({ skills }) => skills.length === 2)).toBe(true);
  }
});

test('arrivals are in order, and as many as the phases say', () => {
  const times = shift.arrivals.map(({ at_ms }) => at_ms);
  expect(times).toEqual(times.toSorted((one, other) => one - other));
  const served_ms = PHASES.reduce((sum, { seconds, load }) => sum + seconds * 1_000 * load, 0);
  const expected = (countSlots(shift.agents) * served_ms) / MEAN_SERVICE_MS;
  // Four deviations of a Poisson count.
  expect(Math.abs(times.length - expected)).toBeLessThan(4 * Math.sqrt(expected));
});

test('nobody takes a second break before the first is over', () => {
  for (const [index, one] of shift.breaks.entries()) {
    const next = shift.breaks.slice(index + 1).find(({ agent_index }) => agent_index === one.agent_index);
    if (next) expect(next.at_ms).toBeGreaterThan(one.until_ms);
  }
});

test('times by chance have their mean, and picks their weights', () => {
  const random = new SeededRandom(7);
  const times = Array.from({ length: 20_000 }, () => random.exponential(10));
  expect(times.reduce((sum, time) => sum + time, 0) / times.length).toBeCloseTo(10, 0);
  const picks = Array.from({ length: 20_000 }, () => random.pick([1, 0, 3]));
  expect(picks.filter((pick) => pick === 0).length / picks.length).toBeCloseTo(0.25, 1);
  expect(picks).not.toContain(1);
});
