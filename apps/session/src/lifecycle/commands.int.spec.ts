import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Refusal, SessionEvent } from '#libs/contracts';
import type { Caller } from '#libs/domain';
import type { AgentId, TeamId, VisitorId } from '#libs/protocol';
import { waitUntil } from '#libs/testing';
import { outcomeOf, SessionFixture } from '../../fixture/session-fixture.ts';
import type { SessionCommand } from './plan-command.ts';

let fixture: SessionFixture;
let anna: AgentId;
let bo: AgentId;
let session_id: string;
let visitor_id: VisitorId;
beforeAll(async () => (fixture = await SessionFixture.open()));
afterAll(() => fixture.close());
beforeEach(async () => {
  [anna, bo] = [await fixture.agent(), await fixture.agent()];
  ({ session_id, visitor_id } = await fixture.session());
});

const asAgent = (agent_id: AgentId, role: 'agent' | 'supervisor' | 'admin' = 'agent', team_ids = [fixture.team_id]) =>
  fixture.asAgent(agent_id, { role, team_ids });
const asVisitor = () => fixture.asVisitor(visitor_id);
const run = (command: SessionCommand, caller: Caller) =>
  fixture.commands.run(session_id, command, caller, { id: 'test' });
const code = outcomeOf;
const accepted = () => run({ type: 'accept' }, asAgent(anna));
const offered = async () => {
  await accepted();
  return run({ type: 'transfer_to_agent', to_agent: bo, reason: 'too technical' }, asAgent(anna));
};
async function active(agent_id: AgentId): Promise<number> {
  const [row] = await fixture.database.query('SELECT active FROM agents WHERE agent_id = ?', [agent_id]);
  return Number(row?.['active']);
}
async function toldOf(id: string) {
  await fixture.allTold();
  const own = fixture.published.filter(({ key }) => key === id);
  const events = own
    .filter(({ topic }) => topic === 'chat.events.v1')
    .map(({ value }) => JSON.parse(String(value)) as SessionEvent);
  const entries = own
    .filter(({ topic }) => topic === 'chat.inbound.v1')
    .map(({ value }) => JSON.parse(String(value)) as { type: string; content: unknown });
  return { events, entries };
}

describe('a transfer to an agent', () => {
  test('is an offer: the owner stays, the target sees it and may accept; one entry hands over', async () => {
    await accepted();
    const transfer: SessionCommand = { type: 'transfer_to_agent', to_agent: bo, reason: 'too technical' };
    const offer = await fixture.commands.run(session_id, transfer, asAgent(anna), { id: anna });
    expect(offer).toMatchObject({
      state: 'transferring',
      agent: { agent_id: anna },
      transfer: { from: anna, to_agent: bo, reason: 'too technical' },
    });
    expect(await fixture.find.get(session_id, asAgent(bo, 'agent', []))).toMatchObject({ state: 'transferring' });
    expect([await active(anna), await active(bo)]).toEqual([1, 0]);
    const after = await run({ type: 'transfer_accept' }, asAgent(bo));
    expect(after).toMatchObject({ state: 'serving', agent: { agent_id: bo } });
    expect(after.transfer).toBeUndefined();
    expect([await active(anna), await active(bo)]).toEqual([0, 1]);
    const { events, entries } = await toldOf(session_id);
    expect(events.map(({ type }) => type)).toEqual([
      'session.opened',
      'session.assigned',
      'session.transfer_offered',
      'session.transferred',
    ]);
    expect(entries.filter(({ type }) => type === 'transfer')).toMatchObject([{ content: { from: anna, to: bo } }]);
    // The reason is for agents: in a note, and in nothing that a visitor reads.
    expect(await fixture.lifecycle.notes.list(session_id, asAgent(bo))).toMatchObject({
      items: [{ author: { agent_id: anna }, content: 'too technical' }],
    });
    expect(JSON.stringify(entries)).not.toContain('too technical');
  });

  test.each([
    ['rejected', { type: 'transfer_reject' }, () => asAgent(bo)],
    ['cancelled', { type: 'transfer_cancel' }, () => asAgent(anna)],
  ] as const)('that is %s gives the session back, and no word of it to the visitor', async (reason, command, who) => {
    await offered();
    expect(await run(command, who())).toMatchObject({ state: 'serving', agent: { agent_id: anna } });
    const { events, entries } = await toldOf(session_id);
    expect(events.at(-1)).toMatchObject({ type: 'session.transfer_failed', data: { reason } });
    expect(entries.filter(({ type }) => type === 'transfer')).toEqual([]);
    expect([await active(anna), await active(bo)]).toEqual([1, 0]);
  });

  test('that expires without its origin goes to the queue, with the first place in it', async () => {
    await offered();
    const { enqueued_at } = await fixture.get(session_id);
    await fixture.commands.runAsEngine(session_id, { type: 'agent_lost' });
    expect(await fixture.get(session_id)).toMatchObject({ state: 'transferring', is_origin_lost: true });
    await fixture.commands.runAsEngine(session_id, { type: 'transfer_expire' });
    expect(await fixture.get(session_id)).toMatchObject({ state: 'waiting', agent_id: null, enqueued_at });
    expect([await active(anna), await active(bo)]).toEqual([0, 0]);
  });

  test('whose origin is lost is taken all the same', async () => {
    await offered();
    await fixture.commands.runAsEngine(session_id, { type: 'agent_lost' });
    expect(await code(run({ type: 'transfer_accept' }, asAgent(bo)))).toBe('serving');
    expect(await fixture.get(session_id)).toMatchObject({ agent_id: bo, is_origin_lost: false });
  });

  test('that was over before the target answered is a conflict to the target, and a secret to everybody else', async () => {
    const elsewhere = await fixture.agent(8, { team_ids: [] });
    await accepted();
    await run({ type: 'transfer_to_agent', to_agent: elsewhere }, asAgent(anna));
    await fixture.commands.runAsEngine(session_id, { type: 'transfer_expire' });
    expect(await code(run({ type: 'transfer_accept' }, asAgent(elsewhere, 'agent', [])))).toBe('STATE_CONFLICT');
    expect(await code(run({ type: 'transfer_accept' }, asAgent(bo)))).toBe('NOT_FOUND');
  });

  test('is refused by what is known of the target', async () => {
    await accepted();
    const to = (to_agent: AgentId) => code(run({ type: 'transfer_to_agent', to_agent }, asAgent(anna)));
    const full = await fixture.agent(0);
    const absent = await fixture.agent();
    await fixture.database.query('UPDATE agents SET absent_since = NOW(6) WHERE agent_id = ?', [absent]);
    const disabled = await fixture.agent(8, { disabled: true });
    expect(await to(anna)).toBe('TRANSFER_NOT_ALLOWED');
    expect(await to(full)).toBe('AGENT_FULL');
    expect(await to(absent)).toBe('AGENT_OFFLINE');
    expect(await to(disabled)).toBe('NOT_FOUND');
    expect(await to('agt_00000000000000000000000000' as AgentId)).toBe('NOT_FOUND');
    expect(await code(run({ type: 'transfer_to_agent', to_agent: bo }, asAgent(bo)))).toBe('NOT_FOUND');
    expect(await code(run({ type: 'transfer_to_agent', to_agent: bo }, asAgent(bo, 'supervisor')))).toBe(
      'transferring',
    );
  });

  test('that nobody could take any more, as the target is full by then, stays an offer', async () => {
    await offered();
    await fixture.database.query('UPDATE agents SET capacity = 0 WHERE agent_id = ?', [bo]);
    expect(await code(run({ type: 'transfer_accept' }, asAgent(bo)))).toBe('AGENT_FULL');
    expect(await fixture.get(session_id)).toMatchObject({ state: 'transferring', agent_id: anna });
  });

  test('is not to be had where nobody serves', async () => {
    const move: SessionCommand = { type: 'transfer_to_agent', to_agent: bo };
    expect(await code(run(move, asAgent(anna, 'supervisor')))).toBe('TRANSFER_NOT_ALLOWED');
    await run({ type: 'close' }, asVisitor());
    expect(await code(run(move, asAgent(anna, 'supervisor')))).toBe('SESSION_CLOSED');
  });
});

describe('a transfer to a team', () => {
  let other: TeamId;
  beforeEach(async () => (other = await fixture.team({ name: 'Other' })));

  test('puts the session into its queue, with the place of its first time in one', async () => {
    await accepted();
    const { enqueued_at } = await fixture.get(session_id);
    const moved = await run({ type: 'transfer_to_team', to_team: other, reason: 'refund' }, asAgent(anna));
    expect(moved).toMatchObject({ state: 'waiting', team_id: other, agent: null, position: 1 });
    expect((await fixture.get(session_id)).enqueued_at).toEqual(enqueued_at);
    expect(await active(anna)).toBe(0);
    const { entries } = await toldOf(session_id);
    expect(entries.at(-1)).toMatchObject({ type: 'transfer', content: { from: anna, to: other } });
  });

  test('of a waiting session is a supervisor’s, and to the same team or a closed one is none', async () => {
    const move: SessionCommand = { type: 'transfer_to_team', to_team: other };
    expect(await code(run(move, asAgent(anna)))).toBe('FORBIDDEN');
    expect(await code(run({ type: 'transfer_to_team', to_team: fixture.team_id }, asAgent(anna, 'supervisor')))).toBe(
      'TRANSFER_NOT_ALLOWED',
    );
    expect(await code(run(move, asAgent(anna, 'supervisor')))).toBe('waiting');
    await fixture.database.query(
      "INSERT INTO business_hours VALUES ('hrs_00000000000000000000000001', 'Never', 'UTC', '{}', '[]', NOW(6), NOW(6))",
    );
    const shut = await fixture.team({ business_hours_id: 'hrs_00000000000000000000000001' as never });
    expect(await code(run({ type: 'transfer_to_team', to_team: shut }, asAgent(anna, 'admin')))).toBe(
      'TRANSFER_NOT_ALLOWED',
    );
  });
});

describe('supervisors', () => {
  test('take over in any state, above their capacity, and leave the old agent a free slot', async () => {
    const chief = await fixture.agent(0, { role: 'supervisor' });
    await offered();
    expect(await run({ type: 'take_over' }, asAgent(chief, 'supervisor'))).toMatchObject({
      agent: { agent_id: chief },
    });
    expect([await active(anna), await active(chief)]).toEqual([0, 1]);
    expect((await toldOf(session_id)).entries.at(-1)).toMatchObject({
      type: 'transfer',
      content: { from: anna, to: chief },
    });
  });

  test('reassign to whom they like, in their own teams', async () => {
    const command: SessionCommand = { type: 'reassign', to_agent: bo };
    expect(await code(run(command, asAgent(anna)))).toBe('FORBIDDEN');
    expect(await code(run(command, asAgent(anna, 'supervisor', [])))).toBe('NOT_FOUND');
    expect(await run(command, asAgent(anna, 'supervisor'))).toMatchObject({ agent: { agent_id: bo } });
    expect(await code(run({ type: 'take_over' }, asAgent(bo)))).toBe('FORBIDDEN');
  });
});

test('an agent gives a session back, and is not given it again at once', async () => {
  await accepted();
  await fixture.agents.setStatus(anna, 'online', undefined, { id: anna });
  await run({ type: 'return_to_queue' }, asAgent(anna));
  await fixture.drainElsewhere();
  expect(await fixture.get(session_id)).toMatchObject({ state: 'waiting', declined_by: anna });
  await fixture.agents.setStatus(bo, 'online', undefined, { id: bo });
  await waitUntil('somebody else to serve it', async () => (await fixture.get(session_id)).agent_id === bo);
  for (const agent of [anna, bo]) await fixture.agents.setStatus(agent, 'away', undefined, { id: agent });
});

test('a session is rated once, by its visitor, when somebody has served it', async () => {
  const rate: SessionCommand = { type: 'rate', score: 5, comment: 'kind' };
  expect(await code(run(rate, asVisitor()))).toBe('STATE_CONFLICT');
  await accepted();
  await run({ type: 'close' }, asAgent(anna));
  expect(await code(run(rate, asAgent(anna)))).toBe('FORBIDDEN');
  expect(await run(rate, asVisitor())).toMatchObject({ state: 'closed', rating: 5 });
  expect(await code(run(rate, asVisitor()))).toBe('ALREADY_RATED');
  await fixture.database.query(
    'UPDATE sessions SET rating = NULL, closed_at = NOW(6) - INTERVAL 8 DAY WHERE session_id = ?',
    [session_id],
  );
  expect(await code(run(rate, asVisitor()))).toBe('STATE_CONFLICT');
});

test('a message that is left for people goes to people, also where a bot answers', async () => {
  await fixture.database.query("UPDATE channels SET bot = 'builtin'");
  const visitor = await fixture.visitor();
  const opening = {
    visitor_id: visitor,
    channel_id: fixture.channel_id,
    origin: 'visitor',
    by: { id: visitor },
  } as const;
  expect(await fixture.opening.open({ ...opening, isOffline: true })).toMatchObject({
    state: 'waiting',
    is_offline: true,
  });
  await fixture.database.query("UPDATE channels SET bot = 'none'");
});

test('a reply that is too late while the session is on offer leaves the offer, not its maker', async () => {
  await offered();
  await fixture.commands.runAsEngine(session_id, { type: 'reply_late' });
  expect(await fixture.get(session_id)).toMatchObject({ state: 'transferring', is_origin_lost: true });
  await run({ type: 'transfer_reject' }, asAgent(bo));
  expect(await fixture.get(session_id)).toMatchObject({ state: 'waiting', agent_id: null });
});

test('an agent starts a session with a known visitor, within the own capacity, and once', async () => {
  const visitor = await fixture.visitor();
  const opening = { visitor_id: visitor, channel_id: fixture.channel_id, origin: 'agent', by: { id: anna } } as const;
  const started = await fixture.opening.open({ ...opening, started_by: anna });
  expect(started).toMatchObject({ state: 'serving', agent_id: anna, origin: 'agent' });
  expect(await active(anna)).toBe(1);
  expect((await fixture.opening.open({ ...opening, started_by: anna })).session_id).toBe(started.session_id);
  await expect(fixture.opening.open({ ...opening, started_by: bo })).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
  const full = await fixture.agent(0);
  const next = { ...opening, visitor_id: await fixture.visitor(), started_by: full };
  await expect(fixture.opening.open(next)).rejects.toMatchObject({ code: 'AGENT_FULL' });
  expect(await fixture.sessions.findOpen(next.visitor_id)).toBeUndefined();
});

test('sessions are found by their visitors, tags and ids, literally', async () => {
  await fixture.database.query("UPDATE visitors SET name = 'Li 100%', user_id = 'u-7' WHERE visitor_id = ?", [
    visitor_id,
  ]);
  await fixture.lifecycle.edits.tag(session_id, ['vip', 'vip'], asAgent(anna, 'admin'), { id: anna });
  const found = async (query: object) => {
    const { items } = await fixture.find.list({ limit: 50, ...query }, asAgent(anna, 'admin'));
    return items.map((session) => session.session_id).includes(session_id as never);
  };
  for (const q of ['li 1', '100%', 'u-7', session_id]) expect(await found({ q })).toBe(true);
  for (const q of ['Li_100', 'u-', '1000%', '李雷']) expect(await found({ q })).toBe(false);
  expect(await found({ tag: 'vip' })).toBe(true);
  expect(await found({ tag: 'vi' })).toBe(false);
});

describe('an Idempotency-Key', () => {
  const once = (body: unknown = {}) => ({ caller: anna, method: 'POST', path: `/${session_id}`, key: 'k', body });
  const accept = (body?: unknown) =>
    fixture.commands.run(session_id, { type: 'accept' }, asAgent(anna), { id: anna }, once(body));

  test('gives the first answer again, whatever has happened since, and refuses another body', async () => {
    const first = await accept();
    await run({ type: 'close' }, asAgent(anna));
    expect(await accept()).toEqual(first);
    expect(await fixture.get(session_id)).toMatchObject({ state: 'closed' });
    await expect(accept({ other: true })).rejects.toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
  });

  test('a hundred times at once does it once; who comes in between is told to wait', async () => {
    const ends = await Promise.allSettled(Array.from({ length: 100 }, () => accept()));
    const codes = ends.map((end) => (end.status === 'fulfilled' ? 'done' : (end.reason as Refusal).code));
    expect(new Set(codes.filter((end) => end !== 'IN_PROGRESS'))).toEqual(new Set(['done']));
    expect(await active(anna)).toBe(1);
    expect(await fixture.get(session_id)).toMatchObject({ version: 2 });
  });

  test('a refusal is not stored: the same call may succeed later', async () => {
    const close = () =>
      fixture.commands.run(session_id, { type: 'return_to_queue' }, asAgent(anna), { id: anna }, once());
    await expect(close()).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await accepted();
    expect(await code(close())).toBe('waiting');
  });
});
