import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type Socket } from 'socket.io';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Heads, Message, ServerEvents, Session } from '#libs/contracts';
import { type Client, type ClientEvents, createClient } from './client.ts';

/** Longer than the whole process may stand still: what is waited for comes over real sockets. */
const until = (check: () => boolean) => vi.waitUntil(check, { timeout: 9_000 });

type Role = 'visitor' | 'agent';
const events = [
  'session',
  'removed',
  'follow_up',
  'queue',
  'offer',
  'note',
  'sla',
  'messages',
  'reset',
] as const satisfies (keyof ClientEvents)[];

let url: string;
let sockets: Socket[];
let end: () => Promise<void>;
let client: Client;
/** What the client told, by name. */
let told: [name: string, payload: unknown][];
/** What `GET /sessions/{id}` and `GET /sessions` know. */
let stored: Map<string, Session>;
let logs: Map<string, Message[]>;
let asked: string[];
/** Who waits. */
let queue: string[];

beforeEach(async () => {
  [sockets, told, stored, logs, asked, queue] = [[], [], new Map(), new Map(), [], []];
  const http = createServer();
  const io = new Server(http, { transports: ['websocket'] });
  io.on('connection', (socket) => {
    sockets.push(socket);
    socket.on('message:send', ({ client_msg_id }: { client_msg_id: string }, ack: (answer: unknown) => void) =>
      ack({ ok: true, data: { message_id: `msg_${client_msg_id}`, send_time: '1' } }),
    );
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  end = async () => {
    client.close();
    await io.close();
  };
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input) => answer(new URL(new Request(input).url)));
});
afterEach(async () => {
  await end();
  vi.restoreAllMocks();
});

function answer({ pathname, searchParams }: URL): Response {
  asked.push(pathname);
  if (pathname.endsWith('/messages')) {
    const log = logs.get(searchParams.get('session_id') ?? '') ?? [];
    const items = log.slice(Number(searchParams.get('after_seq')));
    return Response.json({ items, last_seq_id: log.length, log_epoch: 1 });
  }
  if (pathname.endsWith('/queue'))
    return Response.json({ items: queue.map((session_id) => ({ session_id })), next_cursor: null });
  if (pathname.endsWith('/sessions')) return Response.json({ items: [...stored.values()], next_cursor: null });
  const session = stored.get(pathname.split('/').at(-1) ?? '');
  if (session) return Response.json(session);
  return Response.json({ code: 'NOT_FOUND', title: 'no' }, { status: 404 });
}

/** A client that has been greeted. */
async function connect(role: Role): Promise<void> {
  client = createClient({ url, token: 'token', random: () => 0 });
  for (const name of events) client.on(name, (payload) => told.push([name, payload]));
  void client.run();
  await greet(role, {}, 1);
}

/** The client's so many-th connection is told that it stands. */
async function greet(role: Role, heads: Heads, count: number): Promise<void> {
  await until(() => sockets.length === count);
  const user = { role, id: 'me' };
  sockets.at(-1)?.emit('connection:ready', { log_epoch: 1, heads, user });
  await until(() => client.state === 'online');
}

function push<Name extends keyof ServerEvents>(name: Name, data: ServerEvents[Name]): void {
  sockets.at(-1)?.emit(name, data);
}

const payloads = (wanted: string) => told.filter(([name]) => name === wanted).map(([, payload]) => payload);
const me = { agent_id: 'me', name: 'Me' };
const other = { agent_id: 'agt_b', name: 'Bo' };
const sessionOf = (session_id: string, version: number, more: object = {}) =>
  ({
    session_id,
    version,
    state: 'serving',
    agent: me,
    last_seq_id: 0,
    previous_session_id: null,
    ...more,
  }) as unknown as Session;
const waitingOf = (session_id: string, version: number, last_seq_id: number) =>
  sessionOf(session_id, version, { state: 'waiting', agent: null, last_seq_id });
const messageOf = (session_id: string, seq_id: number, client_msg_id = `${session_id}-${seq_id}`) =>
  ({
    session_id,
    seq_id,
    client_msg_id,
    message_id: `msg_${client_msg_id}`,
    type: 'text',
    content: client_msg_id,
  }) as unknown as Message;

test('what the server tells beside sessions and messages is passed on as it is', async () => {
  await connect('agent');
  const place = { session_id: 'a', position: 3, eta_seconds: 40 };
  const note = { session_id: 'a', note: { note_id: 'n' } } as unknown as ServerEvents['note:created'];
  const breach = { session_id: 'a', kind: 'first_reply', level: 'agent' } as const;
  push('queue:updated', place);
  push('note:created', note);
  push('sla:breached', breach);
  await until(() => told.length === 3);
  expect(told).toEqual([
    ['queue', place],
    ['note', note],
    ['sla', breach],
  ]);
});

test('an offer is told once, with its session; also one that was made before the connection stood', async () => {
  const transfer = { from: 'agt_a', to_agent: 'me', expires_at: '2026-01-01T00:00:30Z' };
  const missed = sessionOf('a', 2, { state: 'transferring', agent: other, transfer });
  stored.set('a', missed);
  stored.set('b', sessionOf('b', 2, { state: 'transferring', transfer: { ...transfer, to_agent: 'agt_b' } }));
  await connect('agent');
  await until(() => payloads('offer').length === 1);
  const session = sessionOf('c', 5, { state: 'transferring', agent: other, transfer });
  const offer = { session, from: 'agt_a', expires_at: transfer.expires_at };
  push('transfer:offered', offer);
  push('transfer:offered', offer);
  push('queue:updated', { session_id: 'x', position: 1, eta_seconds: null });
  await until(() => payloads('queue').length === 1);
  expect(payloads('offer')).toMatchObject([{ session: missed, from: 'agt_a' }, offer]);
  expect(client.openSessions.map(({ session_id }) => String(session_id))).toEqual(['a', 'c']);
});

test('a session that was taken away is history: readable, not open, not read again when the connection is back', async () => {
  logs.set('a', [messageOf('a', 1), messageOf('a', 2)]);
  await connect('agent');
  push('session:updated', sessionOf('a', 3, { last_seq_id: 2 }));
  await until(() => client.messages('a').length === 2);
  push('session:removed', { session_id: 'a', reason: 'transferred' });
  push('session:removed', { session_id: 'a', reason: 'transferred' });
  push('session:updated', sessionOf('a', 3, { last_seq_id: 2 }));
  push('session:updated', sessionOf('b', 1));
  await until(() => client.session('b') !== undefined);
  expect(payloads('removed')).toEqual([{ session_id: 'a', reason: 'transferred' }]);
  expect(client.session('a')).toBeUndefined();
  expect(client.openSessions).toHaveLength(1);
  expect(client.messages('a')).toHaveLength(2);
  asked.length = 0;
  sockets.at(-1)?.disconnect(true);
  await until(() => client.state !== 'online');
  await greet('agent', { b: { seq_id: 0, version: 1 } }, 2);
  await until(() => asked.length > 0);
  expect(asked).toEqual(['/api/v1/sessions']);
  push('session:updated', sessionOf('a', 5, { last_seq_id: 2 }));
  await until(() => client.session('a') !== undefined);
});

test('the answer of a command is held, but not when the session was taken away meanwhile', async () => {
  stored.set('accept', sessionOf('a', 2));
  await connect('agent');
  await client.calls.accept('a');
  expect(client.session('a')?.version).toBe(2);
  let give = (_: Response): void => {};
  vi.mocked(fetch).mockImplementation(() => new Promise<Response>((resolve) => (give = resolve)));
  const returning = client.calls.returnToQueue('a');
  push('session:removed', { session_id: 'a', reason: 'returned' });
  await until(() => payloads('removed').length === 1);
  give(Response.json(sessionOf('a', 3, { state: 'waiting' })));
  expect((await returning).state).toBe('waiting');
  expect(client.session('a')).toBeUndefined();
});

test('words to a closed session appear in the one that follows; it is told when all of them are there', async () => {
  logs.set('a', [messageOf('a', 1)]);
  await connect('visitor');
  push('session:updated', sessionOf('a', 3, { state: 'closed', last_seq_id: 1 }));
  await until(() => client.messages('a').length === 1);
  client.say('a', 'one', 'one');
  client.say('a', 'two', 'two');
  await until(() => client.outbox.every(({ state }) => state === 'sent'));
  push('session:updated', sessionOf('b', 1, { previous_session_id: 'a' }));
  push('message:created', messageOf('b', 1, 'one'));
  await until(() => client.messages('b').length === 1);
  expect(payloads('follow_up')).toEqual([]);
  push('message:created', messageOf('b', 2, 'two'));
  await until(() => client.messages('b').length === 2);
  expect(payloads('follow_up')).toEqual([{ previous_session_id: 'a', session_id: 'b' }]);
  expect(told.slice(-2).map(([name]) => name)).toEqual(['follow_up', 'messages']);
  expect(client.messages('a')).toHaveLength(1);
});

test('a follow-up session that somebody else opened is told too; one whose past is not here is not', async () => {
  logs.set('a', [messageOf('a', 1)]);
  await connect('visitor');
  push('session:updated', sessionOf('a', 3, { state: 'closed', last_seq_id: 1 }));
  push('session:updated', sessionOf('c', 1, { previous_session_id: 'z' }));
  push('session:updated', sessionOf('b', 1, { previous_session_id: 'a' }));
  push('session:updated', sessionOf('b', 2, { previous_session_id: 'a' }));
  await until(() => client.session('b')?.version === 2);
  expect(payloads('follow_up')).toEqual([{ previous_session_id: 'a', session_id: 'b' }]);
});

/** The client's connection breaks and stands again; what was asked from the break on. */
async function reconnect(heads: Heads): Promise<void> {
  const count = sockets.length + 1;
  asked.length = 0;
  sockets.at(-1)?.disconnect(true);
  await until(() => client.state !== 'online');
  await greet('agent', heads, count);
}
/** Everything that was pushed before has been taken. */
async function settle(): Promise<void> {
  const count = payloads('queue').length;
  push('queue:updated', { session_id: 'x', position: 1, eta_seconds: null });
  await until(() => payloads('queue').length > count);
}
const openIds = () => client.openSessions.map(({ session_id }) => String(session_id));
const logsRead = () => asked.filter((path) => path.endsWith('/messages')).length;

test('who waits is an entry without a log, and goes when others serve it or it closes; an own one is read', async () => {
  for (const id of ['a', 'b', 'c']) logs.set(id, [messageOf(id, 1), messageOf(id, 2)]);
  await connect('agent');
  for (const id of ['a', 'b', 'c']) push('session:updated', waitingOf(id, 2, 2));
  await settle();
  expect(openIds()).toEqual(['a', 'b', 'c']);
  expect(logsRead()).toBe(0);
  push('session:updated', sessionOf('a', 3, { agent: other, last_seq_id: 2 }));
  push('session:updated', sessionOf('b', 3, { state: 'closed', agent: null, last_seq_id: 2 }));
  push('session:updated', sessionOf('c', 3, { last_seq_id: 2 }));
  push('session:updated', waitingOf('a', 2, 2));
  await until(() => client.messages('c').length === 2);
  expect(openIds()).toEqual(['c']);
  expect(payloads('removed')).toEqual([
    { session_id: 'a', reason: 'assigned' },
    { session_id: 'b', reason: 'closed' },
  ]);
  expect([logsRead(), client.messages('a'), client.messages('b')]).toEqual([1, [], []]);
  push('session:updated', waitingOf('a', 4, 2));
  push('session:updated', sessionOf('a', 3, { agent: other, last_seq_id: 2 }));
  await settle();
  expect(openIds()).toEqual(['c', 'a']);
});

test('a session on offer to this agent is read; one that is followed too, whosever it is, for as long as it is', async () => {
  for (const id of ['a', 'b']) logs.set(id, [messageOf(id, 1)]);
  stored.set('b', waitingOf('b', 2, 1));
  await connect('agent');
  const transfer = { from: 'agt_b', to_agent: 'me', expires_at: '2026-01-01T00:00:30Z' };
  const session = sessionOf('a', 2, { state: 'transferring', agent: other, transfer, last_seq_id: 1 });
  push('transfer:offered', { session, from: 'agt_b', expires_at: transfer.expires_at });
  await until(() => client.messages('a').length === 1);
  await client.follow('b');
  logs.set('b', [messageOf('b', 1), messageOf('b', 2)]);
  push('session:updated', sessionOf('b', 3, { agent: other, last_seq_id: 2 }));
  await until(() => client.messages('b').length === 2);
  expect(openIds().toSorted()).toEqual(['a', 'b']);
  expect(payloads('removed')).toEqual([]);
});

test('an own session that others have is dropped, though it was followed and the push of its removal got lost', async () => {
  logs.set('a', [messageOf('a', 1)]);
  stored.set('a', sessionOf('a', 2, { last_seq_id: 1 }));
  await connect('agent');
  await client.follow('a');
  stored.set('a', sessionOf('a', 3, { agent: other, last_seq_id: 1 }));
  await reconnect({});
  await until(() => payloads('removed').length === 1);
  expect(openIds()).toEqual([]);
  expect(client.messages('a')).toHaveLength(1);
  push('session:removed', { session_id: 'a', reason: 'transferred' });
  await settle();
  expect(payloads('removed')).toHaveLength(1);
});

test('an own session that waits again is an entry: its list is history', async () => {
  logs.set('a', [messageOf('a', 1)]);
  await connect('agent');
  push('session:updated', sessionOf('a', 2, { last_seq_id: 1 }));
  await until(() => client.messages('a').length === 1);
  push('session:removed', { session_id: 'a', reason: 'returned' });
  logs.set('a', [messageOf('a', 1), messageOf('a', 2)]);
  push('session:updated', waitingOf('a', 3, 2));
  await settle();
  expect([openIds(), logsRead()]).toEqual([['a'], 1]);
  queue = ['a'];
  await reconnect({});
  await until(() => asked.length === 2);
  await settle();
  expect(asked.toSorted()).toEqual(['/api/v1/queue', '/api/v1/sessions']);
});

test('a reconnect asks once for the queue, and for those only that are not in it; not for what is long closed', async () => {
  await connect('agent');
  for (const id of ['a', 'b', 'c']) push('session:updated', waitingOf(id, 2, 2));
  push('session:updated', sessionOf('d', 4, { state: 'closed' }));
  push('session:updated', sessionOf('e', 4));
  await settle();
  stored.set('b', sessionOf('b', 3, { agent: other, last_seq_id: 2 }));
  stored.set('e', sessionOf('e', 4));
  queue = ['a', 'c'];
  await reconnect({ e: { seq_id: 0, version: 4 } });
  await until(() => payloads('removed').length === 1);
  expect(asked.toSorted()).toEqual(['/api/v1/queue', '/api/v1/sessions', '/api/v1/sessions/b']);
  expect(openIds()).toEqual(['a', 'c', 'e']);
});

test('what is pushed before it is known who this is waits for that', async () => {
  logs.set('a', [messageOf('a', 1)]);
  client = createClient({ url, token: 'token', random: () => 0 });
  for (const name of events) client.on(name, (payload) => told.push([name, payload]));
  void client.run();
  await until(() => sockets.length === 1);
  push('session:updated', sessionOf('a', 2, { last_seq_id: 1 }));
  push('session:updated', waitingOf('b', 2, 1));
  push('session:updated', sessionOf('c', 2, { agent: other, last_seq_id: 1 }));
  queue = ['b'];
  await greet('agent', { a: { seq_id: 1, version: 2 } }, 1);
  await until(() => client.messages('a').length === 1);
  expect(openIds()).toEqual(['a', 'b']);
  expect(logsRead()).toBe(1);
});
