import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TeamStrategy } from '#libs/contracts';
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
const anybody: Need = { skills: [], language: null, declined_by: null };
const chosen = (eligible: Candidate[], strategy: TeamStrategy, last_agent_id: AgentId | null = null) =>
  chooseAgent(eligible, strategy, last_agent_id)?.agent_id;

test('least loaded counts shares of capacity, then rest, then the id', () => {
  const busy = agent('a', { active: 2, capacity: 4 });
  const bigger = agent('b', { active: 3, capacity: 8 });
  expect(chosen([busy, bigger], 'least_loaded')).toBe(id('b'));
  const rested = agent('c', { active: 3, capacity: 8, last_assigned: 100 });
  expect(chosen([{ ...bigger, last_assigned: 200 }, rested], 'least_loaded')).toBe(id('c'));
  expect(chosen([agent('z'), agent('y')], 'least_loaded')).toBe(id('y'));
});

test('round robin looks at rest alone', () => {
  const idle = agent('a', { last_assigned: 300 });
  const loaded = agent('b', { active: 3, last_assigned: 100 });
  expect(chosen([idle, loaded], 'round_robin')).toBe(id('b'));
  expect(chosen([idle, loaded, agent('c')], 'round_robin')).toBe(id('c'));
});

test('last agent first, else the least loaded', () => {
  const known = agent('k', { active: 3 });
  expect(chosen([agent('a'), known], 'last_agent_first', id('k'))).toBe(id('k'));
  expect(chosen([agent('a'), known], 'last_agent_first', id('z'))).toBe(id('a'));
  expect(chosen([agent('a'), known], 'last_agent_first')).toBe(id('a'));
  expect(chosen([agent('a'), known], 'least_loaded', id('k'))).toBe(id('a'));
});

test('a slot must be free, skills are all required, and who has just declined is passed over', () => {
  const able = agent('a', { active: 3, skills: ['refund', 'vip', 'tax'] });
  const need = { ...anybody, skills: ['refund', 'vip'] };
  expect(isEligible(able, need)).toBe(true);
  expect(isEligible({ ...able, active: 4 }, need)).toBe(false);
  expect(isEligible({ ...able, skills: ['refund'] }, need)).toBe(false);
  expect(isEligible(able, { ...need, declined_by: id('a') })).toBe(false);
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

test('whatever the strategy and the order of the list: the same one, or nobody where there is nobody', () => {
  const candidates = fc.array(
    fc.record({
      agent_id: fc.integer({ min: 0, max: 30 }).map((number) => id(String(number))),
      active: fc.integer({ min: 0, max: 3 }),
      capacity: fc.integer({ min: 4, max: 6 }),
      last_assigned: fc.option(fc.integer({ min: 1, max: 5 })),
      skills: fc.constant([]),
      languages: fc.constant([]),
    }),
  );
  const last = fc.option(fc.integer({ min: 0, max: 30 }).map((number) => id(String(number))));
  const strategies = fc.constantFrom('least_loaded', 'round_robin', 'last_agent_first');
  fc.assert(
    fc.property(candidates, last, strategies, (all, last_agent_id, strategy) => {
      const unique = [...new Map(all.map((one) => [one.agent_id, one])).values()];
      const found = chooseAgent(unique, strategy, last_agent_id);
      expect(chooseAgent(unique.toReversed(), strategy, last_agent_id)).toEqual(found);
      expect(found !== undefined).toBe(unique.length > 0);
    }),
  );
});
