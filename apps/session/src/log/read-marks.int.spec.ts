import { afterAll, beforeAll, expect, test } from 'vitest';
import { readQuestion, Refusal } from '#libs/contracts';
import type { Person } from '#libs/domain';
import { SessionFixture } from '../../fixture/session-fixture.ts';
import { newId } from '../database/ids.ts';
import { InternalController } from '../internal/internal.controller.ts';
import { MessagesController } from './messages.controller.ts';

let fixture: SessionFixture;
/** The two ways in: through gateway's socket, and REST. */
let edges: Record<string, (caller: Person, session_id: string, seq_id: number) => Promise<void>>;
beforeAll(async () => {
  fixture = await SessionFixture.open();
  const { marks, find, sessions } = fixture;
  const internal = new InternalController(
    undefined as never,
    sessions,
    undefined as never,
    marks,
    fixture.agents,
    fixture.lifecycle.notes,
  );
  const rest = new MessagesController(undefined as never, marks, undefined as never, find);
  edges = {
    socket: (caller, session_id, seq_id) => internal.read(readQuestion.parse({ caller, session_id, seq_id })),
    rest: (caller, session_id, seq_id) => rest.read(session_id, caller, { seq_id }),
  };
});
afterAll(() => fixture.close());

/** A session that an agent serves, with three words of its visitor. */
async function served() {
  const agent_id = await fixture.agent();
  const { session_id, visitor_id } = await fixture.session();
  const { team_id, channel_id } = fixture;
  const agent = { kind: 'agent', agent_id, role: 'agent', team_ids: [team_id] } as const;
  await fixture.commands.run(session_id, { type: 'accept' }, agent, { id: agent_id });
  for (const seq_id of [1, 2, 3]) {
    await fixture.database.query(
      `INSERT INTO messages (session_id, seq_id, message_id, type, sender, sender_role, target, content, send_time, client_msg_id)
       VALUES (?, ?, ?, 'text', ?, 'visitor', ?, 'hello', 1, UUID())`,
      [session_id, seq_id, newId('msg'), visitor_id, session_id],
    );
  }
  const colleague: Person = { ...agent, agent_id: newId('agt') };
  const people: Record<string, Person> = {
    'its visitor': { kind: 'visitor', visitor_id, channel_id },
    'another visitor': { kind: 'visitor', visitor_id: newId('vis'), channel_id },
    'its agent': agent,
    'a colleague': colleague,
    'its supervisor': { ...colleague, role: 'supervisor' },
    'a supervisor of another team': { ...colleague, role: 'supervisor', team_ids: [newId('team')] },
    'an admin': { ...colleague, role: 'admin', team_ids: [] },
  };
  return { session_id, people };
}
const outcome = (work: Promise<void>) =>
  work.then(
    () => 'marked',
    (error: unknown) => (error instanceof Refusal ? error.code : String(error)),
  );

test.each(['socket', 'rest'])('who may read the session keeps an own mark, over %s', async (edge) => {
  const { session_id, people } = await served();
  const ends: Record<string, string | undefined> = {};
  for (const [name, caller] of Object.entries(people)) {
    ends[name] = await outcome(edges[edge]?.(caller, session_id, 2) ?? Promise.resolve());
  }
  expect(ends).toEqual({
    'its visitor': 'marked',
    'another visitor': 'NOT_FOUND',
    'its agent': 'marked',
    'a colleague': 'NOT_FOUND',
    'its supervisor': 'marked',
    'a supervisor of another team': 'NOT_FOUND',
    'an admin': 'marked',
  });
});

test('a mark only goes forward, tells of itself when it does, and never stands beyond the last message', async () => {
  const { session_id, people } = await served();
  const supervisor = people['its supervisor'] as Extract<Person, { kind: 'agent' }>;
  fixture.published.length = 0;
  for (const seq_id of [2, 1, 2, 3]) await edges['socket']?.(supervisor, session_id, seq_id);
  const told = fixture.published
    .filter(({ topic, key }) => topic === 'chat.signals.v1' && key === session_id)
    .map(({ value }) => JSON.parse(String(value)) as unknown);
  const signal = { type: 'read', session_id, reader: supervisor.agent_id };
  expect(told).toEqual([
    { ...signal, seq_id: 2 },
    { ...signal, seq_id: 3 },
  ]);
  expect(await outcome(edges['socket']?.(supervisor, session_id, 4) ?? Promise.resolve())).toBe('VALIDATION_FAILED');
});

test('what is no word of anybody is not unread: hand-overs, recalls, system lines', async () => {
  const { session_id, people } = await served();
  const [visitor] = Object.values(people);
  const { agent_id } = people['its agent'] as Extract<Person, { kind: 'agent' }>;
  const lines = ['text', 'transfer', 'recall', 'system', 'notification'];
  for (const [index, type] of lines.entries()) {
    await fixture.database.query(
      `INSERT INTO messages (session_id, seq_id, message_id, type, sender, sender_role, target, content, send_time, client_msg_id)
       VALUES (?, ?, ?, ?, ?, 'agent', ?, '{}', 1, UUID())`,
      [session_id, 4 + index, newId('msg'), type, agent_id, session_id],
    );
  }
  const reader = visitor?.kind === 'visitor' ? visitor.visitor_id : '';
  expect(await fixture.marks.unread(reader, [session_id])).toEqual(new Map([[session_id, 2]]));
});
