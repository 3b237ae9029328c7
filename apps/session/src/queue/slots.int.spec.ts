import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AgentId } from '#libs/protocol';
import { SessionFixture } from '../../fixture/session-fixture.ts';
import { transact } from '../database/transact.ts';
import { holdSlot, releaseSlot, type SlotRule } from './slots.ts';

let fixture: SessionFixture;
beforeAll(async () => (fixture = await SessionFixture.open()));
afterAll(() => fixture.close());

const agents = {
  'online with room': () => fixture.agent(1, { status: 'online' }),
  busy: () => fixture.agent(1, { status: 'busy' }),
  away: () => fixture.agent(1, { status: 'away' }),
  'online and absent': async () => {
    const agent_id = await fixture.agent(1, { status: 'online' });
    await fixture.database.query('UPDATE agents SET absent_since = NOW(6) WHERE agent_id = ?', [agent_id]);
    return agent_id;
  },
  'online and full': async () => {
    const agent_id = await fixture.agent(1, { status: 'online' });
    expect(await hold(agent_id, 'online')).toBe(true);
    return agent_id;
  },
  'online and disabled': () => fixture.agent(1, { status: 'online', disabled: true }),
};

function hold(agent_id: AgentId, rule: SlotRule): Promise<boolean> {
  return transact(fixture.dataSource, (tx) => holdSlot(tx, agent_id, rule));
}

test.each([
  ['online', ['online with room']],
  ['room', ['online with room', 'busy', 'away', 'online and absent']],
  ['any', ['online with room', 'busy', 'away', 'online and absent', 'online and full']],
] as const)('a slot under the rule `%s` is for who is %j, and nobody else', async (rule, fit) => {
  const given = [];
  for (const [name, make] of Object.entries(agents)) {
    const agent_id = await make();
    const { active: before } = await fixture.getAgent(agent_id);
    const isGiven = await hold(agent_id, rule);
    expect(await fixture.getAgent(agent_id)).toMatchObject({ active: before + Number(isGiven) });
    if (isGiven) given.push(name);
  }
  expect(given).toEqual(fit);
});

test('a slot that is given back is free again; no more are given back than were taken', async () => {
  const agent_id = await fixture.agent(1);
  const release = () => transact(fixture.dataSource, (tx) => releaseSlot(tx, agent_id));
  expect([await hold(agent_id, 'room'), await hold(agent_id, 'room')]).toEqual([true, false]);
  for (let times = 0; times < 2; times += 1) await release();
  expect([await hold(agent_id, 'room'), await hold(agent_id, 'room')]).toEqual([true, false]);
});
