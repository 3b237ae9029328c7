import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { z } from 'zod';
import { dataSchemas, event, Refusal, session, type SessionEvent, topics } from '#libs/contracts';
import { SessionFixture } from '../../fixture/session-fixture.ts';
import { waitUntil } from '#libs/testing';

let fixture: SessionFixture;
beforeAll(async () => {
  fixture = await SessionFixture.open();
});
afterAll(() => fixture.close());
afterEach(async () => {
  await fixture.database.query("UPDATE agents SET status = 'away'");
  await fixture.database.query("UPDATE sessions SET state = 'closed', open_visitor_id = NULL WHERE state <> 'closed'");
});

async function outcome(act: Promise<{ state: string }>): Promise<string> {
  return act.then(
    ({ state }) => state,
    (error: unknown) => {
      if (error instanceof Refusal) return error.code;
      throw error;
    },
  );
}
async function states(): Promise<Record<string, number>> {
  const rows = await fixture.database.query('SELECT state, COUNT(*) AS n FROM sessions GROUP BY state');
  return Object.fromEntries(rows.map((row) => [String(row['state']), Number(row['n'])]));
}

test('a visitor who opens twenty times at once has one session', async () => {
  const visitor_id = await fixture.visitor();
  const opened = await Promise.all(Array.from({ length: 20 }, () => fixture.open(visitor_id)));
  expect(new Set(opened.map(({ session_id }) => session_id)).size).toBe(1);
});

test('a closed session has one follow-up session, whoever asks for it and however often', async () => {
  const { session_id, visitor_id } = await fixture.session();
  await fixture.commands.run(
    session_id,
    { type: 'close' },
    { kind: 'visitor', visitor_id, channel_id: fixture.channel_id },
    { id: visitor_id },
  );
  const asked = await Promise.all([
    ...Array.from({ length: 10 }, () => fixture.opening.openFollowUp(session_id)),
    ...Array.from({ length: 10 }, async () => (await fixture.open(visitor_id)).session_id),
  ]);
  const [next, ...others] = new Set(asked);
  expect(others).toEqual([]);
  expect((await fixture.sessions.find(next ?? ''))?.previous_session_id).toBe(session_id);
});

test('who accepts after a colleague has is told so, not that there is no such session', async () => {
  const [anna, bo] = [await fixture.agent(), await fixture.agent()];
  const { session_id } = await fixture.session();
  await fixture.commands.run(session_id, { type: 'accept' }, fixture.asAgent(anna), { id: anna });
  expect(await outcome(fixture.commands.run(session_id, { type: 'accept' }, fixture.asAgent(bo), { id: bo }))).toBe(
    'STATE_CONFLICT',
  );
  const stranger = fixture.asAgent(bo, { team_ids: [] });
  expect(await outcome(fixture.commands.run(session_id, { type: 'accept' }, stranger, { id: bo }))).toBe('NOT_FOUND');
});

test('nobody is given more than the capacity, however many wait and whoever drains', async () => {
  const agents = await Promise.all([fixture.agent(2), fixture.agent(3)]);
  const waiting = await Promise.all(Array.from({ length: 12 }, () => fixture.session()));
  expect(waiting).toHaveLength(12);
  await Promise.all(agents.map((agent) => fixture.agents.setStatus(agent, 'online', undefined, { id: agent })));
  await waitUntil('five to be served', async () => (await states())['serving'] === 5);
  const rows = await fixture.database.query('SELECT agent_id, active, capacity FROM agents WHERE agent_id IN (?)', [
    agents,
  ]);
  for (const row of rows) expect(row['active']).toBe(row['capacity']);
});

test('first come, first served; a slot that is freed goes to who waits longest', async () => {
  const anna = await fixture.agent(1);
  const first = await fixture.session();
  const second = await fixture.session();
  const third = await fixture.session();
  await fixture.agents.setStatus(anna, 'online', undefined, { id: anna });
  const serves = async (session_id: string) => (await fixture.sessions.find(session_id))?.agent_id === anna;
  await waitUntil('the first to be served', () => serves(first.session_id));
  expect(await serves(second.session_id)).toBe(false);
  await fixture.commands.run(first.session_id, { type: 'close' }, fixture.asAgent(anna), { id: anna });
  await waitUntil('the second to be served', () => serves(second.session_id));
  expect(await serves(third.session_id)).toBe(false);
});

test('a transition tells of itself in the order of its versions, with its entry for the log, and leaves an audit line', async () => {
  const anna = await fixture.agent();
  const { session_id } = await fixture.session();
  await fixture.commands.run(session_id, { type: 'accept' }, fixture.asAgent(anna), { id: anna, ip: '127.0.0.9' });
  await fixture.commands.run(session_id, { type: 'close' }, fixture.asAgent(anna), { id: anna });
  await fixture.allTold();
  const own = fixture.published.filter(({ key }) => key === session_id);
  const events = own
    .filter(({ topic }) => topic === 'chat.events.v1')
    .map(({ value }) => JSON.parse(String(value)) as SessionEvent);
  expect(events.map(({ type, version }) => `${type} ${version}`)).toEqual([
    'session.opened 1',
    'session.assigned 2',
    'session.closed 3',
  ]);
  expect(own.filter(({ topic }) => topic === 'chat.inbound.v1').length).toBeGreaterThan(0);
  const audit = await fixture.database.query(
    'SELECT actor, action, ip FROM audit_log WHERE subject = ? ORDER BY audit_id',
    [session_id],
  );
  expect(audit).toContainEqual({ actor: anna, action: 'session.assign', ip: '127.0.0.9' });
});

test('what goes to a public topic names the schema that it fits', async () => {
  const anna = await fixture.agent();
  await fixture.agents.setStatus(anna, 'busy', undefined, { id: anna });
  const { session_id } = await fixture.session();
  // Signals are of no public topic; one of the queue comes whenever its second is over.
  const told = (key: string) =>
    fixture.published.filter((record) => record.key === key && record.topic !== topics.signals.name);
  await waitUntil('both to be told', () => told(anna).length > 0 && told(session_id).length > 1);
  const schemas = new Map<string, { name: string; schema: z.ZodType }>([
    [topics.events.name, { name: dataSchemas.event, schema: event }],
    [topics.sessions.name, { name: dataSchemas.session, schema: session }],
  ]);
  const records = [...told(anna), ...told(session_id)];
  expect(new Set(records.map(({ topic }) => topic))).toEqual(new Set(schemas.keys()));
  for (const { topic, headers, value } of records) {
    const { name, schema } = schemas.get(topic) ?? {};
    expect(headers?.['ce_dataschema']).toBe(name);
    expect(schema?.safeParse(JSON.parse(String(value))).error).toBeUndefined();
  }
});
