import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Refusal, type SessionEvent } from '#libs/contracts';
import type { Caller } from '#libs/domain';
import type { AgentId } from '#libs/protocol';
import { waitUntil } from '#libs/testing';
import { SessionFixture } from '../../fixture/session-fixture.ts';
import { newId } from '../database/ids.ts';

const COMERS = 150;
let fixture: SessionFixture;
beforeEach(async () => (fixture = await SessionFixture.open()));
afterEach(() => fixture.close());

const online = (agent_id: AgentId, on: SessionFixture = fixture) =>
  on.agents.setStatus(agent_id, 'online', undefined, { id: agent_id });
const program: Caller = { kind: 'key', key_id: newId('key'), scopes: ['sessions:read'], sender_names: [] };
const set = (session_id: string, columns: string, ...values: unknown[]) =>
  fixture.database.query(`UPDATE sessions SET ${columns} WHERE session_id = ?`, [...values, session_id]);
const agentOf = async (session_id: string) => (await fixture.get(session_id)).agent_id;

/** Sessions in the order in which they were assigned. */
async function assigned(count: number): Promise<string[]> {
  const of = () =>
    fixture.published
      .filter(({ topic }) => topic === 'chat.events.v1')
      .map(({ value }) => JSON.parse(String(value)) as SessionEvent)
      .filter(({ type }) => type === 'session.assigned')
      .map((event) => event.session_id as string);
  await waitUntil(`${count} to be assigned`, () => of().length >= count);
  return of();
}

describe('the order of the queue', () => {
  test('is priority first, then the first time in a queue', async () => {
    const [a, b, c] = [await fixture.session(), await fixture.session(), await fixture.session()];
    await set(c.session_id, 'priority = 5');
    const anna = await fixture.agent(3);
    await online(anna);
    expect(await assigned(3)).toEqual([c.session_id, a.session_id, b.session_id]);
  });

  test('lifts who waits: one step each ageing_seconds, and nobody starves', async () => {
    await fixture.database.query('UPDATE teams SET ageing_seconds = 60');
    const [old, urgent, older] = [await fixture.session(), await fixture.session(), await fixture.session()];
    await set(old.session_id, 'enqueued_at = NOW(6) - INTERVAL 150 SECOND');
    await set(urgent.session_id, 'priority = 3');
    await set(older.session_id, 'enqueued_at = NOW(6) - INTERVAL 185 SECOND');
    const order = await fixture.lifecycle.queues.list({ limit: 50 }, program);
    expect(order.items.map(({ session_id }) => session_id)).toEqual([
      older.session_id,
      urgent.session_id,
      old.session_id,
    ]);
    expect(order.items.map(({ position }) => position)).toEqual([1, 2, 3]);
  });

  test('keeps the place of who comes back from an agent who is lost', async () => {
    const [first, second] = [await fixture.session(), await fixture.session()];
    const anna = await fixture.agent(1);
    await fixture.commands.run(first.session_id, { type: 'accept' }, fixture.asAgent(anna), { id: anna });
    await fixture.commands.runAsEngine(first.session_id, { type: 'agent_lost' });
    const bo = await fixture.agent(1);
    await online(bo);
    await waitUntil('the first one to be served again', async () => (await agentOf(first.session_id)) === bo);
    expect(await agentOf(second.session_id)).toBeNull();
  });
});

test('the queues are read in pages, one behind the other, to their ends', async () => {
  const { queues } = fixture.lifecycle;
  const other = await fixture.team({ name: 'Other' });
  const sessions = await Promise.all(Array.from({ length: 5 }, () => fixture.session()));
  for (const { session_id } of sessions.slice(3)) await set(session_id, 'team_id = ?', other);
  const pages = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await queues.list({ limit: 2, cursor }, program);
    pages.push(page.items.map(({ team_id, position }) => `${team_id === other ? 'other' : 'first'} ${position}`));
    cursor = page.next_cursor;
  }
  expect(pages).toEqual([['first 1', 'first 2'], ['first 3', 'other 1'], ['other 2']]);
  const all = await queues.list({ limit: 5 }, program);
  expect(all.next_cursor).toBeNull();
  expect(new Set(all.items.map(({ session_id }) => session_id)).size).toBe(5);
  const one = await queues.list({ limit: 1, cursor: `${other}:1` }, program, other);
  expect(one).toMatchObject({ items: [{ team_id: other, position: 2 }], next_cursor: null });
  await expect(queues.list({ limit: 1, cursor: 'nonsense' }, program)).rejects.toMatchObject({
    code: 'VALIDATION_FAILED',
  });
});

test('the wait is estimated from who left the queue for an agent, not from what agents hand to each other', async () => {
  const { queueStore, opening } = fixture.lifecycle;
  const { channel_id, team_id } = fixture;
  const rate = () => queueStore.readRate(fixture.dataSource.manager, team_id);
  const [anna, bo] = [await fixture.agent(20), await fixture.agent(20)];
  const chief: Caller = { kind: 'agent', agent_id: bo, role: 'admin', team_ids: [] };
  for (let count = 0; count < 4; count += 1) {
    const { session_id } = await fixture.session();
    await fixture.commands.run(session_id, { type: 'accept' }, fixture.asAgent(anna), { id: anna });
    await fixture.commands.run(session_id, { type: 'reassign', to_agent: bo }, chief, { id: bo });
    await fixture.commands.run(session_id, { type: 'reassign', to_agent: anna }, chief, { id: bo });
  }
  const visitor_id = await fixture.visitor();
  await opening.open({ visitor_id, channel_id, origin: 'agent', by: { id: anna }, started_by: anna });
  expect(await rate()).toBe(0); // four are too few to tell
  const { session_id } = await fixture.session();
  await online(anna);
  await waitUntil('the fifth to be assigned', async () => (await agentOf(session_id)) === anna);
  expect(await rate()).toBeCloseTo(5 / 600);
  // What the other team is given counts for it once it was out of its queue.
  const other = await fixture.team({ name: 'Other' });
  await set(session_id, 'team_id = ?', other);
  expect(await rate()).toBeCloseTo(5 / 600);
  await fixture.database.query('UPDATE audit_log SET created_at = created_at - INTERVAL 11 MINUTE');
  expect(await rate()).toBe(0);
});

describe('who gets a session', () => {
  test('has the skills, the language and a free slot, is online and here, and did not just decline', async () => {
    const { session_id } = await fixture.session();
    await set(session_id, "skills = '[\"refund\"]', language = 'zh-CN'");
    const wrong = [
      await fixture.agent(8, { skills: [], languages: ['zh'] }),
      await fixture.agent(8, { skills: ['refund'], languages: ['en'] }),
      await fixture.agent(0, { skills: ['refund'], languages: ['zh'] }),
    ];
    for (const agent of wrong) await online(agent);
    const absent = await fixture.agent(8, { skills: ['refund'], languages: ['zh'] });
    await fixture.database.query("UPDATE agents SET absent_since = NOW(6), status = 'online' WHERE agent_id = ?", [
      absent,
    ]);
    const busy = await fixture.agent(8, { skills: ['refund'], languages: ['zh'] });
    await fixture.agents.setStatus(busy, 'busy', undefined, { id: busy });
    const plain = await fixture.session();
    await waitUntil('the one without wishes to be served', async () => (await agentOf(plain.session_id)) !== null);
    expect(await agentOf(session_id)).toBeNull();
    const right = await fixture.agent(8, { skills: ['refund', 'tax'], languages: ['zh-CN'] });
    await online(right);
    await waitUntil('the right one to serve it', async () => (await agentOf(session_id)) === right);
  });

  test('is none of the engine’s choice who has just given it to the own team', async () => {
    const anna = await fixture.agent();
    const { session_id } = await fixture.session();
    await fixture.commands.run(session_id, { type: 'accept' }, fixture.asAgent(anna), { id: anna });
    await fixture.queue.stop();
    await fixture.database.query("UPDATE agents SET status = 'online'");
    const replica = await fixture.replica();
    const { team_id } = fixture;
    await replica.commands.run(session_id, { type: 'transfer_to_team', to_team: team_id }, fixture.asAgent(anna), {
      id: anna,
    });
    await replica.queue.stop();
    expect(await fixture.get(session_id)).toMatchObject({ state: 'waiting', agent_id: null, declined_by: anna });
    await replica.close();
  });

  test('is not who is disabled, by hand neither', async () => {
    const anna = await fixture.agent(8, { status: 'online', disabled: true });
    const { session_id } = await fixture.session();
    const accepting = fixture.commands.run(session_id, { type: 'accept' }, fixture.asAgent(anna), { id: anna });
    await expect(accepting).rejects.toBeInstanceOf(Refusal);
    expect(await fixture.get(session_id)).toMatchObject({ state: 'waiting', agent_id: null });
  });

  test('round robin goes round, whatever the load', async () => {
    await fixture.database.query("UPDATE teams SET strategy = 'round_robin'");
    const agents = [await fixture.agent(9), await fixture.agent(3), await fixture.agent(6)];
    for (const agent of agents) await online(agent);
    const served: (AgentId | null)[] = [];
    for (let round = 0; round < 6; round += 1) {
      const { session_id } = await fixture.session();
      await waitUntil('it to be served', async () => (await agentOf(session_id)) !== null);
      served.push(await agentOf(session_id));
    }
    expect(new Set(served.slice(0, 3)).size).toBe(3);
    expect(served.slice(3)).toEqual(served.slice(0, 3));
  });

  test.each(['team', 'channel'])(
    'who comes back goes to the agent of last time, where the %s says so',
    async (where) => {
      if (where === 'team') await fixture.database.query("UPDATE teams SET strategy = 'last_agent_first'");
      else await fixture.database.query(`UPDATE channels SET settings = '{"return_to_agent": true}'`);
      const [anna, bo] = [await fixture.agent(), await fixture.agent()];
      const { session_id, visitor_id } = await fixture.session();
      await fixture.commands.run(session_id, { type: 'accept' }, fixture.asAgent(bo), { id: bo });
      await fixture.commands.run(session_id, { type: 'close' }, fixture.asAgent(bo), { id: bo });
      await fixture.database.query('UPDATE agents SET active = 5 WHERE agent_id = ?', [bo]);
      for (const agent of [anna, bo]) await online(agent);
      const again = await fixture.open(visitor_id);
      await waitUntil('it to be served', async () => (await agentOf(again.session_id)) !== null);
      expect(await agentOf(again.session_id)).toBe(bo);
    },
  );
});

test('who closes while the queue is looked through lets nobody be skipped', async () => {
  const store = fixture.lifecycle.queueStore;
  const { session_id, visitor_id } = await fixture.session();
  for (let count = 1; count < 50; count += 1) await fixture.session();
  await fixture.database.query(`UPDATE sessions SET skills = '["rare"]'`);
  const next = await fixture.session();
  await fixture.session();
  const read = store.readWaiting.bind(store);
  vi.spyOn(store, 'readWaiting').mockImplementationOnce(async (...asked) => {
    const page = await read(...asked);
    await fixture.commands.run(session_id, { type: 'close' }, fixture.asVisitor(visitor_id), { id: visitor_id });
    return page;
  });
  await online(await fixture.agent(1));
  expect(await assigned(1)).toEqual([next.session_id]);
});

test('while the team is closed a visitor leaves a message; who came before is served, the rest when it opens', async () => {
  const before = await fixture.session();
  await fixture.database.query(
    "INSERT INTO business_hours VALUES ('hrs_00000000000000000000000001', 'Never', 'UTC', '{}', '[]', NOW(6), NOW(6))",
  );
  await fixture.database.query("UPDATE teams SET business_hours_id = 'hrs_00000000000000000000000001'");
  const night = await fixture.session();
  expect(await fixture.get(night.session_id)).toMatchObject({ state: 'waiting', is_offline: true });
  const anna = await fixture.agent(5);
  await online(anna);
  await waitUntil('who came in time to be served', async () => (await agentOf(before.session_id)) === anna);
  await fixture.drainElsewhere();
  expect(await agentOf(night.session_id)).toBeNull();
  await fixture.database.query('UPDATE teams SET business_hours_id = NULL');
  fixture.queue.kick(fixture.team_id);
  await waitUntil('the message to be found in the morning', async () => (await agentOf(night.session_id)) === anna);
});

test('three replicas drain one queue while sessions come and close: one winner each, nobody above capacity, no overtaking', async () => {
  const replicas = [fixture, await fixture.replica(), await fixture.replica()];
  const on = (index: number) => replicas[index % replicas.length] ?? fixture;
  const agents = await Promise.all(Array.from({ length: 5 }, () => fixture.agent(2)));
  for (const [index, agent] of agents.entries()) await online(agent, on(index));
  const visitors = await Promise.all(Array.from({ length: COMERS }, () => fixture.visitor()));
  const coming = Promise.all(visitors.map((visitor_id, index) => on(index).open(visitor_id)));
  const closing = new AbortController();
  const close = async () => {
    while (!closing.signal.aborted) {
      const serving = await fixture.database.query("SELECT session_id, agent_id FROM sessions WHERE state = 'serving'");
      await Promise.all(
        serving.map(({ session_id, agent_id }, index) => {
          const agent = agent_id as AgentId;
          return on(index).commands.run(String(session_id), { type: 'close' }, fixture.asAgent(agent), { id: agent });
        }),
      );
      const above = await fixture.database.query('SELECT agent_id FROM agents WHERE active > capacity OR active < 0');
      expect(above).toEqual([]);
    }
  };
  const closed = close();
  await coming;
  await waitUntil(
    'all to be closed',
    async () => (await fixture.database.query("SELECT 1 FROM sessions WHERE state <> 'closed'")).length === 0,
    { limit_ms: 60_000 },
  );
  closing.abort();
  await closed;
  const lines = await fixture.database.query(
    `SELECT subject, MIN(audit_id) AS place, COUNT(*) AS times FROM audit_log WHERE action = 'session.assign' GROUP BY subject
     ORDER BY place`,
  );
  expect(lines.map(({ times }) => Number(times))).toEqual(Array<number>(COMERS).fill(1));
  const came = await fixture.database.query('SELECT session_id FROM sessions ORDER BY enqueued_at, session_id');
  expect(lines.map(({ subject }) => subject)).toEqual(came.map(({ session_id }) => session_id));
  for (const replica of replicas.slice(1)) await replica.close();
}, 120_000);
