import type { EntityManager } from 'typeorm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Caller } from '#libs/domain';
import type { AgentId, SessionId, TeamId } from '#libs/protocol';
import { waitUntil } from '#libs/testing';
import { outcomeOf, SessionFixture } from '../../fixture/session-fixture.ts';
import { transactOnce } from '../database/once.ts';
import { transact } from '../database/transact.ts';
import type { SessionCommand } from './plan-command.ts';

let fixture: SessionFixture;
let anna: AgentId;
let other: TeamId;
beforeEach(async () => {
  fixture = await SessionFixture.open();
  anna = await fixture.agent();
  other = await fixture.team({ name: 'Other' });
});
afterEach(() => fixture.close());

const by = { id: 'test' };
const run = (session_id: SessionId, command: SessionCommand, caller: Caller = fixture.asAgent(anna)) =>
  fixture.commands.run(session_id, command, caller, by);
/** Without the kick that coming online is. */
const setOnline = (agent_id: AgentId) =>
  fixture.database.query("UPDATE agents SET status = 'online' WHERE agent_id = ?", [agent_id]);

/** The statements that wait for a lock in this file's database now. */
async function waiting(): Promise<string[]> {
  const rows = await fixture.database.query(
    `SELECT t.trx_query FROM information_schema.innodb_trx t
     JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
     WHERE t.trx_state = 'LOCK WAIT' AND p.db = DATABASE()`,
  );
  return rows.map((row) => String(row['trx_query']));
}
/** InnoDB does not renew what it tells of its transactions while it is asked more often than each 100 ms. */
const every_ms = 150;
const oneWaits = (what: RegExp) =>
  waitUntil(`a lock wait of ${what}`, async () => (await waiting()).some((sql) => what.test(sql)), {
    limit_ms: 5_000,
    every_ms,
  });

/** Holds a row's lock until it is released, over the connection that nobody else uses. */
async function hold(table: 'teams' | 'sessions', id: string): Promise<() => Promise<unknown>> {
  const key = table === 'teams' ? 'team_id' : 'session_id';
  await fixture.database.query('BEGIN');
  await fixture.database.query(`SELECT ${key} FROM ${table} WHERE ${key} = ? FOR UPDATE`, [id]);
  return () => fixture.database.query('COMMIT');
}

/** However long the test looks at what waits, the server does not take its transaction for abandoned. */
const mayIdle = (tx: EntityManager) => tx.query('SET SESSION wait_timeout = 60');

/** A transaction that has done its work and is not committed until `end` is called. */
async function begin(work: Parameters<typeof transact>[1]): Promise<{ end: () => Promise<void> }> {
  const [done, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const committed = transact(fixture.dataSource, async (tx) => {
    await mayIdle(tx);
    await work(tx);
    done.resolve();
    await released.promise;
  });
  await Promise.race([done.promise, committed]);
  return {
    end: () => {
      released.resolve();
      return committed;
    },
  };
}

describe('the lock of a team', () => {
  const lockOfTeam = /FROM teams .*FOR UPDATE/s;

  test('is what a drain stands behind: nothing is assigned while somebody else has it', async () => {
    const { session_id } = await fixture.session();
    await fixture.queue.stop();
    const replica = await fixture.replica();
    await setOnline(anna);
    const release = await hold('teams', fixture.team_id);
    replica.queue.kick(fixture.team_id);
    await oneWaits(lockOfTeam);
    expect(await fixture.get(session_id)).toMatchObject({ state: 'waiting' });
    await release();
    await waitUntil('it to be served', async () => (await fixture.get(session_id)).agent_id === anna);
    await replica.close();
  });

  test.each([
    ['request_human', { type: 'request_human' }],
    ['return_to_queue', { type: 'return_to_queue' }],
    ['transfer_reject of an offer whose maker is lost', { type: 'transfer_reject' }],
    ['transfer_to_team', { type: 'transfer_to_team' }],
  ] as const)('is what who enters its queue stands behind: %s', async (_name, { type }) => {
    const bo = await fixture.agent();
    if (type === 'request_human') await fixture.database.query("UPDATE channels SET bot = 'builtin'");
    const { session_id, visitor_id } = await fixture.session();
    if (type !== 'request_human') await run(session_id, { type: 'accept' });
    if (type === 'transfer_reject') {
      await run(session_id, { type: 'transfer_to_agent', to_agent: bo });
      await fixture.commands.runAsEngine(session_id, { type: 'agent_lost' });
    }
    const callers: Partial<Record<SessionCommand['type'], Caller>> = {
      request_human: { kind: 'visitor', visitor_id, channel_id: fixture.channel_id },
      transfer_reject: fixture.asAgent(bo),
    };
    // No drain of what was done before stands behind the lock.
    await fixture.queue.stop();
    const release = await hold('teams', type === 'transfer_to_team' ? other : fixture.team_id);
    const order: string[] = [];
    const command = type === 'transfer_to_team' ? { type, to_team: other } : { type };
    const entering = run(session_id, command, callers[type]).then(({ state }) => order.push(state));
    await oneWaits(lockOfTeam);
    order.push('released');
    await release();
    await entering;
    expect(order).toEqual(['released', 'waiting']);
  });
});

describe('a drain looks again under the lock of the session that it has chosen', () => {
  const lockOfSession = /FROM sessions .*FOR UPDATE/s;

  test.each([
    ['closed', { type: 'close' }, { state: 'closed', agent_id: null }],
    ['taken by a colleague', { type: 'accept' }, { state: 'serving' }],
    ['moved to another team', { type: 'transfer_to_team' }, { state: 'waiting', agent_id: null }],
  ] as const)('%s in between: it stays so, and who stands behind it is served', async (_name, { type }, after) => {
    const bo = await fixture.agent();
    const [first, second] = [await fixture.session(), await fixture.session()];
    await fixture.queue.stop();
    const replica = await fixture.replica();
    await setOnline(anna);
    const command = type === 'transfer_to_team' ? { type, to_team: other } : { type };
    const change = await begin((tx) =>
      fixture.commands
        .runIn(tx, first.session_id, command, fixture.asAgent(bo, { role: 'supervisor' }), by)
        .then(() => undefined),
    );
    replica.queue.kick(fixture.team_id);
    await oneWaits(lockOfSession);
    await change.end();
    const agentOf = async (session_id: SessionId) => (await fixture.get(session_id)).agent_id;
    await waitUntil('the next one to be served', async () => (await agentOf(second.session_id)) === anna);
    expect(await fixture.get(first.session_id)).toMatchObject({
      ...after,
      ...(type === 'accept' ? { agent_id: bo } : {}),
      team_id: type === 'transfer_to_team' ? other : fixture.team_id,
      version: 2,
    });
    await replica.close();
  });

  test.each(["status = 'busy'", 'absent_since = NOW(6)', 'disabled = 1'])(
    'an agent whose %s since the choice is given nothing',
    async (change) => {
      const { session_id } = await fixture.session();
      await fixture.queue.stop();
      const replica = await fixture.replica();
      await setOnline(anna);
      const release = await hold('sessions', session_id);
      replica.queue.kick(fixture.team_id);
      await oneWaits(lockOfSession);
      await fixture.database.query(`UPDATE agents SET ${change} WHERE agent_id = ?`, [anna]);
      await release();
      await replica.queue.stop();
      expect(await fixture.get(session_id)).toMatchObject({ state: 'waiting', agent_id: null });
      expect(await fixture.getAgent(anna)).toMatchObject({ active: 0 });
      await replica.close();
    },
  );
});

test('a sweep that finds nothing to do leaves a transition under way the look that it has asked for', async () => {
  await fixture.database.query(
    `UPDATE channels SET settings = '{"timers": {"waiting_seconds": 0, "unseen_seconds": 0}}'`,
  );
  const { session_id } = await fixture.session();
  const isDue = async () => {
    const rows = await fixture.database.query('SELECT 1 FROM sessions WHERE session_id = ? AND due_at <= NOW(6)', [
      session_id,
    ]);
    return rows.length === 1;
  };
  const accepting = await begin((tx) =>
    fixture.commands.runIn(tx, session_id, { type: 'accept' }, fixture.asAgent(anna), by).then(() => undefined),
  );
  const sweeping = fixture.lifecycle.timers.sweep();
  await oneWaits(/UPDATE sessions SET due_at/);
  await accepting.end();
  await sweeping;
  expect(await isDue()).toBe(true);
  await fixture.lifecycle.timers.sweep();
  expect(await isDue()).toBe(false);
});

test('two return at once what only one of them had: one does, the other learns that it is so', async () => {
  const { session_id } = await fixture.session();
  await run(session_id, { type: 'accept' });
  await fixture.queue.stop();
  const release = await hold('teams', fixture.team_id);
  const ends = [1, 2].map(() => outcomeOf(run(session_id, { type: 'return_to_queue' })));
  await waitUntil('both to wait', async () => (await waiting()).length === 2, { every_ms });
  await release();
  expect((await Promise.all(ends)).toSorted()).toEqual(['STATE_CONFLICT', 'waiting']);
});

test('who repeats what is still being done is told so at once, and waits for nothing', async () => {
  const once = { caller: anna, method: 'POST', path: '/', key: 'k', body: {} };
  const [begun, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const first = transactOnce(fixture.dataSource, once, async (tx) => {
    await mayIdle(tx);
    begun.resolve();
    await released.promise;
    return { state: 'done' };
  });
  await begun.promise;
  const repeat = transactOnce(fixture.dataSource, once, async () => ({ state: 'done twice' }));
  const settled = new AbortController();
  const outcome = outcomeOf(repeat).finally(() => settled.abort());
  const hasWaited = async () => (settled.signal.aborted ? 'no' : (await waiting()).length > 0 && 'yes');
  expect(await waitUntil('an end or a wait', hasWaited, { every_ms })).toBe('no');
  expect(await outcome).toBe('IN_PROGRESS');
  released.resolve();
  expect(await first).toEqual({ state: 'done' });
});
