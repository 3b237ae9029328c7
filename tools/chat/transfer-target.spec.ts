import { expect, test } from 'vitest';
import type { Colleague, Team } from '#libs/client';
import { findTransferTarget } from './transfer-target.ts';

const agents = [
  ['agt_a', 'Bo'],
  ['agt_b', 'Bo Li'],
  ['agt_c', '小美'],
  ['agt_d', 'Kim'],
].map(([agent_id, name]) => ({ agent_id, name }) as unknown as Colleague);
const teams = [
  ['team_a', 'Second Line'],
  ['team_b', 'Kim'],
].map(([team_id, name]) => ({ team_id, name }) as unknown as Team);
const find = (text: string) => {
  const found = findTransferTarget(text, agents, teams);
  return found.ok ? found.to : found.text;
};

test.each([
  ['Bo too technical', { to_agent: 'agt_a', reason: 'too technical' }],
  ['bo', { to_agent: 'agt_a' }],
  ['Bo Li', { to_agent: 'agt_b' }],
  ['Bo Listens better', { to_agent: 'agt_a', reason: 'Listens better' }],
  ['小美 太难了', { to_agent: 'agt_c', reason: '太难了' }],
  ['second line   invoice  is wrong', { to_team: 'team_a', reason: 'invoice  is wrong' }],
  ['team_b by id', { to_team: 'team_b', reason: 'by id' }],
])('%j', (text, to) => {
  expect(find(text)).toEqual(to);
});

test('who is meant must be clear', () => {
  expect(find('Bob')).toContain('no colleague or team is called that');
  expect(find('Kim please')).toContain('agt_d, team_b');
});
