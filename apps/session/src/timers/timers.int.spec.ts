import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Event } from '#libs/contracts';
import type { Caller } from '#libs/domain';
import type { AgentId, SessionId, VisitorId } from '#libs/protocol';
import { waitUntil } from '#libs/testing';
import { SessionFixture } from '../../fixture/session-fixture.ts';
import { newId } from '../database/ids.ts';
import type { SessionCommand } from '../lifecycle/plan-command.ts';

let fixture: SessionFixture;
let anna: AgentId;
let session_id: SessionId;
let visitor_id: VisitorId;
beforeEach(async () => {
  fixture = await SessionFixture.open();
  anna = await fixture.agent();
  ({ session_id, visitor_id } = await fixture.session());
});
afterEach(() => fixture.close());

const sweep = () => fixture.lifecycle.timers.sweep();
const accept = () => fixture.commands.run(session_id, { type: 'accept' }, fixture.asAgent(anna), { id: anna });
const setTimers = (timers: Record<string, number>) =>
  fixture.database.query('UPDATE channels SET settings = ?', [JSON.stringify({ timers })]);
/** Moves everything that was said and done so far into the past. */
const pass = async (seconds: number) => {
  await fixture.database.query(
    `UPDATE sessions SET opened_at = opened_at - INTERVAL ? SECOND, queued_at = queued_at - INTERVAL ? SECOND,
       assigned_at = assigned_at - INTERVAL ? SECOND, due_at = due_at - INTERVAL ? SECOND,
       transfer_expires_at = transfer_expires_at - INTERVAL ? SECOND`,
    Array<number>(5).fill(seconds),
  );
  await fixture.database.query('UPDATE messages SET stored_at = stored_at - INTERVAL ? SECOND', [seconds]);
  // What was told about a reminder is told about a moment: it moves with the rest.
  const rows = await fixture.database.query("SELECT session_id, told FROM sessions WHERE told LIKE '%reminded%'");
  for (const row of rows) {
    const told = (typeof row['told'] === 'string' ? JSON.parse(row['told']) : row['told']) as {
      reminded: { at: number };
    };
    told.reminded.at -= seconds * 1_000;
    await fixture.database.query('UPDATE sessions SET told = ? WHERE session_id = ?', [
      JSON.stringify(told),
      row['session_id'],
    ]);
  }
};
let seq = 0;
beforeEach(() => void (seq = 0));
async function say(
  sender_role: 'visitor' | 'agent',
  content = 'word',
  { by = anna, type = 'text' } = {},
): Promise<void> {
  seq += 1;
  const sender = sender_role === 'visitor' ? visitor_id : by;
  await fixture.database.query(
    `INSERT INTO messages (session_id, seq_id, message_id, type, sender, sender_role, target, content, send_time, client_msg_id)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, '1', ?)`,
    [session_id, seq, newId('msg'), type, sender, sender_role, session_id, content, randomUUID()],
  );
}
async function published(): Promise<{ events: Event[]; words: string[] }> {
  await fixture.allTold();
  const of = (name: string) =>
    fixture.published.filter(({ topic }) => topic === name).map(({ value }) => String(value));
  return {
    events: of('chat.events.v1').map((value) => JSON.parse(value) as Event),
    words: of('chat.inbound.v1').map((value) => (JSON.parse(value) as { content: string }).content),
  };
}
/** Something happens after a sweep has found a transition due, and before it has the session's lock. */
function beforeTheLock(happens: () => Promise<unknown>): void {
  const run = fixture.commands.runAsEngine.bind(fixture.commands);
  vi.spyOn(fixture.commands, 'runAsEngine').mockImplementationOnce(async (...command) => {
    await happens();
    return run(...command);
  });
}
const types = async () => (await published()).events.map(({ type }) => type);

test('a visitor who waits too long is offered to leave a message, once', async () => {
  await setTimers({ waiting_seconds: 60 });
  await sweep();
  expect((await published()).words).toEqual([]);
  await pass(61);
  for (let times = 0; times < 3; times += 1) await sweep();
  expect((await published()).words).toEqual([expect.stringContaining('leave a message')]);
});

describe('a silent visitor', () => {
  beforeEach(async () => {
    await setTimers({ waiting_seconds: 0, remind_seconds: 300, close_seconds: 600 });
    await accept();
    await say('visitor');
    await say('agent');
  });

  test('is reminded, then the session closes, with its reason', async () => {
    await pass(290);
    await sweep();
    expect((await published()).words.filter((word) => word.includes('still there'))).toEqual([]);
    await pass(11);
    await sweep();
    expect((await published()).words.filter((word) => word.includes('still there'))).toHaveLength(1);
    await pass(289);
    await sweep();
    expect((await fixture.get(session_id)).state).toBe('serving');
    await pass(12);
    await sweep();
    expect(await fixture.get(session_id)).toMatchObject({ state: 'closed', close_reason: 'visitor_silent' });
  });

  test('who has written meanwhile keeps the session', async () => {
    await pass(301);
    await sweep();
    await say('visitor', 'here I am');
    await pass(400);
    await sweep();
    expect((await fixture.get(session_id)).state).toBe('serving');
  });

  test('is not closed when the writer, as it catches up, stores the word that says otherwise', async () => {
    await pass(301);
    await sweep();
    await pass(301);
    fixture.hasWriterPassed = async () => {
      await say('visitor', 'here I am');
      return true;
    };
    await sweep();
    expect((await fixture.get(session_id)).state).toBe('serving');
  });

  test('is not closed while the writer lags, and is when it has caught up without a word', async () => {
    await pass(301);
    await sweep();
    await pass(301);
    fixture.hasWriterPassed = async () => false;
    await sweep();
    expect((await fixture.get(session_id)).state).toBe('serving');
    fixture.hasWriterPassed = async () => true;
    await sweep();
    expect((await fixture.get(session_id)).state).toBe('closed');
  });

  test('who writes between the look and the lock keeps the session', async () => {
    await pass(301);
    await sweep();
    await pass(301);
    beforeTheLock(() => say('visitor', 'just in time'));
    await sweep();
    expect((await fixture.get(session_id)).state).toBe('serving');
  });

  test('whose word is stored in the very moment of the closing keeps the session, or comes after its end', async () => {
    await pass(301);
    await sweep();
    await pass(301);
    const closing = fixture.commands.runAsEngine(session_id, { type: 'close' }, async (_tx, row) => {
      await say('visitor', 'just in time');
      return { head: row.last_seq_id };
    });
    await expect(closing).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    expect((await fixture.get(session_id)).state).toBe('serving');
  });
});

test('a first reply that is too late: a warning, then the session goes back and the agent is set away', async () => {
  await fixture.database.query('UPDATE teams SET first_reply_seconds = 60');
  await setTimers({ waiting_seconds: 0, remind_seconds: 0, close_seconds: 0 });
  await fixture.agents.setStatus(anna, 'online', undefined, { id: anna });
  await waitUntil('it to be served', async () => (await fixture.get(session_id)).state === 'serving');
  await sweep();
  await pass(31);
  await sweep();
  expect(await types()).toContain('sla.breached');
  await pass(30);
  // The slot is free with the commit: nobody may be put into it.
  const follow = fixture.commands.follow.bind(fixture.commands);
  const atCommit: Promise<{ status: string }>[] = [];
  vi.spyOn(fixture.commands, 'follow').mockImplementation((change) => {
    atCommit.push(fixture.getAgent(anna));
    follow(change);
  });
  await sweep();
  expect(await Promise.all(atCommit)).toMatchObject([{ status: 'away', active: 0 }]);
  expect(await fixture.get(session_id)).toMatchObject({ state: 'waiting', declined_by: anna });
  const timeline = await fixture.database.query('SELECT status, reason, set_by FROM agent_statuses ORDER BY since');
  expect(timeline).toEqual([
    { status: 'online', reason: null, set_by: anna },
    { status: 'away', reason: 'first_reply_late', set_by: 'engine' },
  ]);
});

test('a first reply that comes between the look and the lock is in time', async () => {
  await fixture.database.query('UPDATE teams SET first_reply_seconds = 60');
  await setTimers({ waiting_seconds: 0, remind_seconds: 0, close_seconds: 0 });
  await accept();
  await fixture.agents.setStatus(anna, 'online', undefined, { id: anna });
  await pass(31);
  await sweep();
  await pass(30);
  beforeTheLock(() => say('agent'));
  await sweep();
  expect(await fixture.get(session_id)).toMatchObject({ state: 'serving', agent_id: anna });
  expect(await fixture.getAgent(anna)).toMatchObject({ status: 'online' });
});

test('a visitor who is served between the look and the lock is offered nothing', async () => {
  await setTimers({ waiting_seconds: 60 });
  await pass(61);
  const lock = fixture.sessions.lock.bind(fixture.sessions);
  vi.spyOn(fixture.sessions, 'lock').mockImplementationOnce(async (...row) => {
    await accept();
    return lock(...row);
  });
  await sweep();
  expect((await fixture.get(session_id)).state).toBe('serving');
  expect((await published()).words).not.toContainEqual(expect.stringContaining('leave a message'));
});

test('a first reply is one in words, by who serves', async () => {
  await fixture.database.query('UPDATE teams SET first_reply_seconds = 60');
  await setTimers({ waiting_seconds: 0, remind_seconds: 0, close_seconds: 0 });
  await accept();
  await say('visitor');
  await say('agent', 'a colleague looks in', { by: await fixture.agent() });
  await say('agent', '', { type: 'recall' });
  await pass(61);
  await sweep();
  expect(await fixture.get(session_id)).toMatchObject({ state: 'waiting', declined_by: anna });
});

test('a recall is no answer to what stands before it', async () => {
  await fixture.database.query('UPDATE teams SET next_reply_seconds = 60');
  await setTimers({ waiting_seconds: 0, remind_seconds: 0, close_seconds: 0 });
  await accept();
  await say('agent');
  await say('visitor');
  await say('agent', '', { type: 'recall' });
  await pass(61);
  await sweep();
  expect(await types()).toContain('sla.breached');
});

test('a first reply that is late while the session is on offer: the offer lives on, and it is said once', async () => {
  const bo = await fixture.agent();
  await fixture.database.query('UPDATE teams SET first_reply_seconds = 60, offer_seconds = 600');
  await setTimers({ waiting_seconds: 0, remind_seconds: 0, close_seconds: 0 });
  await accept();
  await fixture.agents.setStatus(anna, 'online', undefined, { id: anna });
  await fixture.commands.run(session_id, { type: 'transfer_to_agent', to_agent: bo }, fixture.asAgent(anna), {
    id: anna,
  });
  await pass(61);
  await sweep();
  const late = await fixture.get(session_id);
  expect(late).toMatchObject({ state: 'transferring', transfer_to_agent_id: bo, is_origin_lost: true });
  expect(await fixture.getAgent(anna)).toMatchObject({ status: 'away' });
  await sweep();
  expect(await fixture.get(session_id)).toMatchObject({ version: late.version });
});

test.each([1, 200])('%i sessions that can not be looked at keep nobody from the others', async (count) => {
  const channel_id = newId('chn');
  await fixture.database.query(
    `INSERT INTO channels (channel_id, name, team_id, identity_secret_encrypted, allowed_origins, settings, created_at, updated_at)
     VALUES (?, 'Broken', ?, '', '[]', '{"timers": {"waiting_seconds": "soon"}}', NOW(6), NOW(6))`,
    [channel_id, fixture.team_id],
  );
  const broken = [];
  for (let made = 0; made < count; made += 1) broken.push((await fixture.session()).session_id);
  await fixture.database.query(
    'UPDATE sessions SET channel_id = ?, due_at = NOW(6) - INTERVAL 1 HOUR WHERE session_id IN (?)',
    [channel_id, broken],
  );
  await fixture.database.query('UPDATE channels SET settings = ? WHERE channel_id <> ?', [
    JSON.stringify({ timers: { waiting_seconds: 60 } }),
    channel_id,
  ]);
  await pass(61);
  await sweep();
  expect((await published()).words).toEqual([expect.stringContaining('leave a message')]);
});

test('a next reply that is late warns the agent, then the supervisors', async () => {
  const chief = await fixture.agent(8, { role: 'supervisor' });
  await fixture.database.query('UPDATE teams SET next_reply_seconds = 60');
  await setTimers({ waiting_seconds: 0, remind_seconds: 0, close_seconds: 0 });
  await accept();
  await say('agent');
  await say('visitor');
  await sweep();
  await pass(61);
  await sweep();
  await sweep();
  await pass(60);
  await sweep();
  const breaches = (await published()).events.filter(({ type }) => type === 'sla.breached');
  expect(breaches).toMatchObject([
    { data: { kind: 'next_reply', level: 'agent', agent_id: anna } },
    { data: { kind: 'next_reply', level: 'supervisor', supervisor_ids: [chief] } },
  ]);
});

test('words that a visitor has not seen are reported once, those that were marked or answered not at all', async () => {
  await setTimers({ waiting_seconds: 0, remind_seconds: 0, close_seconds: 0, unseen_seconds: 60 });
  await accept();
  await say('agent');
  await say('visitor', 'seen by answering');
  await say('agent', 'unseen');
  await say('agent', 'unseen too');
  await sweep();
  await pass(61);
  await sweep();
  await sweep();
  const reports = (await published()).events.filter(({ type }) => type === 'message.unseen');
  expect(reports).toMatchObject([{ data: { visitor: { visitor_id }, from_seq_id: 3, to_seq_id: 4 } }]);
  await say('agent', 'marked');
  await fixture.database.query('INSERT INTO read_marks VALUES (?, ?, 5, NOW(6))', [session_id, visitor_id]);
  await pass(200);
  await sweep();
  expect((await types()).filter((type) => type === 'message.unseen')).toHaveLength(1);
});

test('an offer runs out: back to who made it, and to be offered again', async () => {
  const bo = await fixture.agent();
  await accept();
  const transfer = { type: 'transfer_to_agent', to_agent: bo } as const;
  await fixture.commands.run(session_id, transfer, fixture.asAgent(anna), { id: anna });
  await sweep();
  expect((await fixture.get(session_id)).state).toBe('transferring');
  await pass(31);
  await sweep();
  expect(await fixture.get(session_id)).toMatchObject({ state: 'serving', agent_id: anna });
  await fixture.commands.run(session_id, transfer, fixture.asAgent(anna), { id: anna });
  await sweep();
  expect((await fixture.get(session_id)).state).toBe('transferring');
});

test('a session in which nothing is due is looked at again when something may be, not with each sweep', async () => {
  await accept();
  await say('visitor');
  await pass(1);
  await sweep();
  const due = await fixture.database.query('SELECT due_at > NOW(6) AS is_later FROM sessions');
  expect(due.map((row) => Number(row['is_later']))).toEqual([1]);
});

test('an offer that ran out, was answered and made anew before the lock lives on', async () => {
  const bo = await fixture.agent();
  await accept();
  const offer = () =>
    fixture.commands.run(session_id, { type: 'transfer_to_agent', to_agent: bo }, fixture.asAgent(anna), { id: anna });
  await offer();
  await pass(31);
  beforeTheLock(async () => {
    await fixture.commands.run(session_id, { type: 'transfer_reject' }, fixture.asAgent(bo), { id: bo });
    await offer();
  });
  await sweep();
  expect(await fixture.get(session_id)).toMatchObject({ state: 'transferring', transfer_to_agent_id: bo });
});

test('every new state is looked at as soon as a sweep can', async () => {
  const [bo, chief] = [await fixture.agent(), await fixture.agent()];
  const other = await fixture.team({ name: 'Other' });
  await fixture.database.query("UPDATE channels SET bot = 'builtin'");
  const asked = await fixture.session();
  const asVisitor = fixture.asVisitor(asked.visitor_id);
  const asChief: Caller = { kind: 'agent', agent_id: chief, role: 'admin', team_ids: [] };
  const [a, b] = [fixture.asAgent(anna), fixture.asAgent(bo)];
  const offer = { type: 'transfer_to_agent', to_agent: bo } as const;
  const steps: [SessionCommand, Caller?][] = [
    [{ type: 'request_human' }, asVisitor],
    [{ type: 'accept' }, a],
    [offer, a],
    [{ type: 'transfer_reject' }, b],
    [offer, a],
    [{ type: 'transfer_cancel' }, a],
    [offer, a],
    [{ type: 'transfer_expire' }],
    [offer, a],
    [{ type: 'transfer_target_lost' }],
    [offer, a],
    [{ type: 'transfer_accept' }, b],
    [{ type: 'take_over' }, asChief],
    [{ type: 'reassign', to_agent: anna }, asChief],
    [{ type: 'return_to_queue' }, a],
    [{ type: 'accept' }, b],
    [{ type: 'agent_lost' }],
    [{ type: 'accept' }, a],
    [{ type: 'reply_late' }],
    [{ type: 'transfer_to_team', to_team: other }, asChief],
    [{ type: 'assign', agent_id: chief }],
    [{ type: 'close' }, asChief],
  ];
  const unseen: string[] = [];
  for (const [command, caller] of steps) {
    await fixture.database.query('UPDATE sessions SET due_at = NULL');
    // The engine gives to who is online; nobody else is, so that the queue gives nothing by itself.
    if (command.type === 'assign') await fixture.database.query("UPDATE agents SET status = 'online'");
    if (caller) await fixture.commands.run(asked.session_id, command, caller, { id: 'test' });
    else await fixture.commands.runAsEngine(asked.session_id, command);
    const due = await fixture.database.query('SELECT 1 FROM sessions WHERE session_id = ? AND due_at <= NOW(6)', [
      asked.session_id,
    ]);
    if (due.length === 0) unseen.push(command.type);
  }
  expect(unseen).toEqual([]);
});

test('three replicas sweep at once: each thing is done once', async () => {
  const replicas = [fixture, await fixture.replica(), await fixture.replica()];
  await setTimers({ waiting_seconds: 60, remind_seconds: 0, close_seconds: 0 });
  for (let count = 0; count < 20; count += 1) await fixture.session();
  await pass(61);
  await Promise.all(replicas.map((replica) => replica.lifecycle.timers.sweep()));
  await Promise.all(replicas.map((replica) => replica.lifecycle.timers.sweep()));
  await fixture.allTold();
  const told = replicas.flatMap((replica) => replica.published).filter(({ topic }) => topic === 'chat.inbound.v1');
  expect(
    new Set(told.map(({ value }) => (JSON.parse(String(value)) as { client_msg_id: string }).client_msg_id)).size,
  ).toBe(21);
  for (const replica of replicas.slice(1)) await replica.close();
});
