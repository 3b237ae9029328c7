import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AgentId } from '#libs/protocol';
import { type Candidate, chooseAgent, isEligible, type Need } from './choose-agent.ts';

const id = (name: string) => `agt_${name}` as AgentId;
const agent = (name: string, more: Partial<Candidate> = {}): Candidate => ({
  agent_id: id(name),
  active: 0,
  capacity: 4,
  last_assigned: null,
  skills: [],
  languages: [],
  ...more,
});
const anybody: Need = { skills: [], language: null, declined_by: null, last_agent_id: null };
const chosen = (candidates: Candidate[], need: Partial<Need>, strategy: Parameters<typeof chooseAgent>[2]) =>
  chooseAgent(candidates, { ...anybody, ...need }, strategy)?.agent_id;

test('least loaded counts shares of capacity, then rest, then the id', () => {
  const busy = agent('a', { active: 2, capacity: 4 });
  const bigger = agent('b', { active: 3, capacity: 8 });
  expect(chosen([busy, bigger], {}, 'least_loaded')).toBe(id('b'));
  const rested = agent('c', { active: 3, capacity: 8, last_assigned: 100 });
  expect(chosen([{ ...bigger, last_assigned: 200 }, rested], {}, 'least_loaded')).toBe(id('c'));
  expect(chosen([agent('z'), agent('y')], {}, 'least_loaded')).toBe(id('y'));
});

test('round robin looks at rest alone', () => {
  const idle = agent('a', { last_assigned: 300 });
  const loaded = agent('b', { active: 3, last_assigned: 100 });
  expect(chosen([idle, loaded], {}, 'round_robin')).toBe(id('b'));
  expect(chosen([idle, loaded, agent('c')], {}, 'round_robin')).toBe(id('c'));
});

test('last agent first, while that agent has room; else the least loaded', () => {
  const known = agent('k', { active: 3 });
  expect(chosen([agent('a'), known], { last_agent_id: id('k') }, 'last_agent_first')).toBe(id('k'));
  const full = { ...known, active: 4 };
  expect(chosen([agent('a'), full], { last_agent_id: id('k') }, 'last_agent_first')).toBe(id('a'));
});

test('skills are all required, and who has just declined is passed over', () => {
  const both = agent('a', { active: 3, skills: ['refund', 'vip', 'tax'] });
  const one = agent('b', { skills: ['refund'] });
  expect(chosen([one, both], { skills: ['refund', 'vip'] }, 'least_loaded')).toBe(id('a'));
  expect(chosen([both], { skills: ['refund'], declined_by: id('a') }, 'least_loaded')).toBeUndefined();
});

test.each([
  [['zh'], 'zh-CN', true],
  [['zh-CN', 'en'], 'zh', true],
  [['en'], 'zh-CN', false],
  [[], 'zh-CN', true],
  [['en'], null, true],
] as const)('who speaks %j serves %s: %s', (languages, language, is) => {
  expect(isEligible(agent('a', { languages }), { ...anybody, language })).toBe(is);
});

test('whatever the strategy and the order of the list: somebody eligible, the same one, or nobody at all', () => {
  const candidates = fc.array(
    fc.record({
      agent_id: fc.integer({ min: 0, max: 30 }).map((number) => id(String(number))),
      active: fc.integer({ min: 0, max: 4 }),
      capacity: fc.integer({ min: 0, max: 4 }),
      last_assigned: fc.option(fc.integer({ min: 1, max: 5 })),
      skills: fc.subarray(['a', 'b', 'c']),
      languages: fc.subarray(['zh-CN', 'en']),
    }),
  );
  const need = fc.record({
    skills: fc.subarray(['a', 'b', 'c']),
    language: fc.option(fc.constantFrom('zh', 'en-US')),
    declined_by: fc.option(fc.integer({ min: 0, max: 30 }).map((number) => id(String(number)))),
    last_agent_id: fc.option(fc.integer({ min: 0, max: 30 }).map((number) => id(String(number)))),
  });
  const strategies = fc.constantFrom('least_loaded', 'round_robin', 'last_agent_first');
  fc.assert(
    fc.property(candidates, need, strategies, (all, wanted, strategy) => {
      const unique = [...new Map(all.map((one) => [one.agent_id, one])).values()];
      const found = chooseAgent(unique, wanted, strategy);
      expect(chooseAgent(unique.toReversed(), wanted, strategy)).toEqual(found);
      expect(found !== undefined).toBe(unique.some((one) => isEligible(one, wanted)));
      if (found) expect(isEligible(found, wanted)).toBe(true);
    }),
  );
});
