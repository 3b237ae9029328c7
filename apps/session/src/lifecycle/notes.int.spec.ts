import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Refusal, type Signal, topics } from '#libs/contracts';
import type { Caller } from '#libs/domain';
import type { AgentId, SessionId, VisitorId } from '#libs/protocol';
import { SessionFixture } from '../../fixture/session-fixture.ts';
import { newId } from '../database/ids.ts';

let fixture: SessionFixture;
let anna: AgentId;
let session_id: SessionId;
let visitor_id: VisitorId;
beforeAll(async () => {
  fixture = await SessionFixture.open();
  anna = await fixture.agent(100);
});
afterAll(() => fixture.close());
beforeEach(async () => {
  ({ session_id, visitor_id } = await fixture.session());
  await fixture.commands.run(session_id, { type: 'accept' }, people.owner(), { id: anna });
});

const people = {
  owner: () => fixture.asAgent(anna),
  colleague: () => fixture.asAgent(newId('agt')),
  supervisor: () => fixture.asAgent(newId('agt'), { role: 'supervisor' }),
  'supervisor of another team': () => fixture.asAgent(newId('agt'), { role: 'supervisor', team_ids: [newId('team')] }),
  admin: () => fixture.asAgent(newId('agt'), { role: 'admin', team_ids: [] }),
  visitor: () => fixture.asVisitor(visitor_id),
  key: (): Caller => ({ kind: 'key', key_id: newId('key'), scopes: ['sessions:write'], sender_names: [] }),
};

const add = (content: string, caller: Caller = people.owner()) =>
  fixture.lifecycle.notes.add(session_id, content, caller, { id: 'test' });
const read = async (caller: Caller = people.owner()) => (await fixture.lifecycle.notes.list(session_id, caller)).items;
const outcome = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof Refusal ? error.code : String(error)),
  );

/** A stored word of the visitor. */
const say = (seq_id: number) =>
  fixture.database.query(
    `INSERT INTO messages (session_id, seq_id, message_id, type, sender, sender_role, target, content, send_time, client_msg_id)
     VALUES (?, ?, ?, 'text', ?, 'visitor', ?, 'hello', 1, ?)`,
    [session_id, seq_id, newId('msg'), visitor_id, session_id, randomUUID()],
  );

test.each([
  ['owner', 'done'],
  ['colleague', 'NOT_FOUND'],
  ['supervisor', 'done'],
  ['supervisor of another team', 'NOT_FOUND'],
  ['admin', 'done'],
] as const)('%s writes and reads notes: %s', async (who, expected) => {
  expect(await outcome(add('careful', people[who]()))).toBe(expected);
  expect(await outcome(read(people[who]()))).toBe(expected);
  expect(await read()).toHaveLength(expected === 'done' ? 1 : 0);
});

test.each(['visitor', 'key'] as const)('a %s writes none', async (who) => {
  expect(await outcome(add('careful', people[who]()))).toBe('FORBIDDEN');
  expect(await read()).toEqual([]);
});

test('stand in the order in which they were written, each behind the message that was the last one then', async () => {
  await say(1);
  await add('first');
  await add('second', people.admin());
  await say(2);
  await say(3);
  await add('third');
  const notes = await read();
  expect(notes.map(({ content, after_seq_id }) => [content, after_seq_id])).toEqual([
    ['first', 1],
    ['second', 1],
    ['third', 3],
  ]);
  expect(notes[0]?.author).toEqual({ agent_id: anna, name: 'Anna' });
});

test('are written to a closed session too, change no version, and leave a line without their words', async () => {
  await fixture.commands.run(session_id, { type: 'close' }, people.owner(), { id: anna });
  const { version } = await fixture.get(session_id);
  const { note_id } = await add('a secret');
  expect((await fixture.get(session_id)).version).toBe(version);
  const lines = await fixture.database.query(
    "SELECT actor, before_value, after_value FROM audit_log WHERE subject = ? AND action = 'session.note'",
    [session_id],
  );
  expect(lines).toHaveLength(1);
  expect(JSON.stringify(lines)).toContain(note_id);
  expect(JSON.stringify(lines)).not.toContain('a secret');
});

test('are pointed to by a signal under the session’s key; their words are in no topic', async () => {
  fixture.published.length = 0;
  const note = await add('careful');
  expect(fixture.published.filter(({ value }) => String(value).includes('careful'))).toEqual([]);
  const told = fixture.published.filter(({ topic }) => topic === topics.signals.name);
  expect(told.map(({ key, value }) => [key, JSON.parse(String(value)) as Signal])).toEqual([
    [session_id, { type: 'note', session_id, note_id: note.note_id }],
  ]);
  expect(await fixture.lifecycle.notes.find([note.note_id])).toEqual([note]);
});

test('a repeat under the same key is one note', async () => {
  const once = { caller: anna, method: 'POST', path: '/notes', key: randomUUID(), body: { content: 'careful' } };
  const write = () => fixture.lifecycle.notes.add(session_id, 'careful', people.owner(), { id: anna }, once);
  const [first, again] = [await write(), await write()];
  expect(again).toEqual(first);
  expect(await read()).toHaveLength(1);
});
