import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AgentId, SessionId } from '#libs/protocol';
import { waitUntil } from '#libs/testing';
import { SessionFixture } from '../../fixture/session-fixture.ts';

let fixture: SessionFixture;
let anna: AgentId;
let session_id: SessionId;
beforeEach(async () => {
  fixture = await SessionFixture.open();
  anna = await fixture.agent();
  fixture.leases.held.add(anna);
  ({ session_id } = await fixture.session());
  await fixture.agents.setStatus(anna, 'online', undefined, { id: anna });
  await waitUntil('it to be served', async () => (await fixture.get(session_id)).agent_id === anna);
  // The sign of life that the choice was is long past.
  await fixture.database.query('UPDATE agents SET seen_at = NOW(6) - INTERVAL 1 HOUR');
});
afterEach(() => fixture.close());

const look = () => fixture.lifecycle.presence.look();
const pass = (seconds: number) =>
  fixture.database.query('UPDATE agents SET absent_since = absent_since - INTERVAL ? SECOND', [seconds]);
const state = async (id: string = session_id) => (await fixture.get(id)).state;

test('who is gone for the grace loses the sessions, which keep their place; and is set away, with the reason', async () => {
  const { enqueued_at } = await fixture.get(session_id);
  fixture.leases.held.clear();
  await look();
  await pass(50);
  await look();
  expect(await state()).toBe('serving');
  await pass(11);
  await look();
  expect(await fixture.get(session_id)).toMatchObject({ state: 'waiting', agent_id: null, enqueued_at });
  expect(await fixture.getAgent(anna)).toMatchObject({ status: 'away', active: 0 });
  const [last] = await fixture.database.query('SELECT status, reason FROM agent_statuses ORDER BY since DESC LIMIT 1');
  expect(last).toEqual({ status: 'away', reason: 'lost' });
});

test('who comes back within the grace keeps them', async () => {
  fixture.leases.held.clear();
  await look();
  await pass(50);
  fixture.leases.held.add(anna);
  await look();
  await pass(50);
  await look();
  expect(await state()).toBe('serving');
});

test('while Redis is away nobody is gone; who was gone before has the whole grace again from its return', async () => {
  fixture.leases.held.clear();
  await look();
  await pass(50);
  fixture.leases.isAway = true;
  for (let times = 0; times < 3; times += 1) await look();
  await pass(50);
  fixture.leases.isAway = false;
  await look();
  expect(await state()).toBe('serving');
  await pass(11);
  await look();
  expect(await state()).toBe('waiting');
});

test('a Redis that was emptied takes nothing from who renews the lease', async () => {
  fixture.leases.held.clear();
  await look();
  await pass(20);
  fixture.leases.held.add(anna);
  await look();
  expect(await fixture.database.query('SELECT 1 FROM agents WHERE absent_since IS NOT NULL')).toEqual([]);
});

test('nothing is given to who is absent, and at once to who comes back', async () => {
  fixture.leases.held.clear();
  await look();
  const next = await fixture.session();
  await fixture.drainElsewhere();
  expect(await state(next.session_id)).toBe('waiting');
  fixture.leases.held.add(anna);
  await look();
  await waitUntil('it to be served', async () => (await state(next.session_id)) === 'serving');
});

test.each(['noteConnected', 'noteSeen'] as const)('who is here again is given what waits at once: %s', async (note) => {
  fixture.leases.held.clear();
  await look();
  const next = await fixture.session();
  // What the opening looked for is found by now; another process hears of the agent.
  await fixture.queue.stop();
  const replica = await fixture.replica();
  expect(await state(next.session_id)).toBe('waiting');
  if (note === 'noteSeen') await replica.agents.noteSeen(anna);
  else await replica.agents.noteConnected([anna]);
  await waitUntil('it to be served', async () => (await state(next.session_id)) === 'serving', { limit_ms: 5_000 });
  await replica.close();
});

test('a client without a socket is here as long as it calls', async () => {
  fixture.leases.held.clear();
  await fixture.agents.noteSeen(anna);
  await look();
  await pass(100);
  await look();
  expect(await state()).toBe('serving');
  expect(await fixture.database.query('SELECT 1 FROM agents WHERE absent_since IS NOT NULL')).toEqual([]);
});

test('an offer to who is lost goes back; one by who is lost lives on', async () => {
  const bo = await fixture.agent();
  fixture.leases.held.add(bo);
  const offer = { type: 'transfer_to_agent', to_agent: bo } as const;
  await fixture.commands.run(session_id, offer, fixture.asAgent(anna), { id: anna });
  fixture.leases.held.delete(bo);
  await look();
  await pass(61);
  await look();
  expect(await fixture.get(session_id)).toMatchObject({ state: 'serving', agent_id: anna });
  fixture.leases.held.add(bo);
  await fixture.agents.noteConnected([bo]);
  await fixture.commands.run(session_id, offer, fixture.asAgent(anna), { id: anna });
  fixture.leases.held.delete(anna);
  await look();
  await pass(61);
  await look();
  expect(await fixture.get(session_id)).toMatchObject({ state: 'transferring', is_origin_lost: true });
  await look();
  const { version } = await fixture.get(session_id);
  await look();
  expect(await fixture.get(session_id)).toMatchObject({ version });
});

test('two replicas look at once: each session goes back once', async () => {
  const replica = await fixture.replica();
  fixture.leases.held.clear();
  await look();
  await pass(61);
  await Promise.all([look(), replica.lifecycle.presence.look()]);
  expect(await fixture.get(session_id)).toMatchObject({ state: 'waiting', version: 3 });
  await replica.close();
});

test('two replicas look at once: what a colleague has taken in between stays with the colleague', async () => {
  const replica = await fixture.replica();
  const bo = await fixture.agent(8, { status: 'online' });
  for (const { leases } of [fixture, replica]) leases.held.add(bo);
  fixture.leases.held.delete(anna);
  await look();
  await pass(61);
  const run = replica.commands.runAsEngine.bind(replica.commands);
  vi.spyOn(replica.commands, 'runAsEngine').mockImplementation(async (...command) => {
    // It has found the session in the hands of who is gone; the other one is faster.
    await look();
    await waitUntil('the colleague to serve', async () => (await fixture.get(session_id)).agent_id === bo);
    return run(...command);
  });
  await replica.lifecycle.presence.look();
  expect(await fixture.get(session_id)).toMatchObject({ state: 'serving', agent_id: bo });
  await replica.close();
});

test('two replicas look at once: an offer that was made anew in between stays with the new one', async () => {
  const replica = await fixture.replica();
  const [bo, cem] = [await fixture.agent(), await fixture.agent()];
  for (const agent_id of [bo, cem]) fixture.leases.held.add(agent_id);
  for (const agent_id of [anna, cem]) replica.leases.held.add(agent_id);
  const offerTo = (to_agent: AgentId) =>
    fixture.commands.run(session_id, { type: 'transfer_to_agent', to_agent }, fixture.asAgent(anna), { id: anna });
  await offerTo(bo);
  fixture.leases.held.delete(bo);
  await look();
  await pass(61);
  const run = replica.commands.runAsEngine.bind(replica.commands);
  vi.spyOn(replica.commands, 'runAsEngine').mockImplementation(async (...command) => {
    await look();
    await offerTo(cem);
    return run(...command);
  });
  await replica.lifecycle.presence.look();
  expect(await fixture.get(session_id)).toMatchObject({ state: 'transferring', transfer_to_agent_id: cem });
  await replica.close();
});

test('the grace of who only has an offer begins anew too while Redis is away', async () => {
  const bo = await fixture.agent();
  fixture.leases.held.add(bo);
  const offer = { type: 'transfer_to_agent', to_agent: bo } as const;
  await fixture.commands.run(session_id, offer, fixture.asAgent(anna), { id: anna });
  fixture.leases.held.delete(bo);
  await look();
  await pass(61);
  fixture.leases.isAway = true;
  await look();
  fixture.leases.isAway = false;
  await look();
  expect(await state()).toBe('transferring');
});

test('a session that can not be taken keeps nobody from taking the others', async () => {
  const { session_id: second } = await fixture.session();
  await waitUntil('it to be served', async () => (await state(second)) === 'serving');
  const [broken, other] = [session_id, second].toSorted();
  const run = fixture.commands.runAsEngine.bind(fixture.commands);
  vi.spyOn(fixture.commands, 'runAsEngine').mockImplementation(async (id, ...command) => {
    if (id === broken) throw new Error('broken');
    return run(id, ...command);
  });
  fixture.leases.held.clear();
  await look();
  await pass(61);
  await look();
  expect(await state(other)).toBe('waiting');
});

test('who has come back in the moment of being set away stays online', async () => {
  fixture.leases.held.clear();
  await look();
  await pass(61);
  const set = fixture.agents.setStatus.bind(fixture.agents);
  vi.spyOn(fixture.agents, 'setStatus').mockImplementation(async (...chosen) => {
    await fixture.agents.noteConnected([anna]);
    return set(...chosen);
  });
  await look();
  expect(await fixture.getAgent(anna)).toMatchObject({ status: 'online' });
  expect(await state()).toBe('serving');
});
