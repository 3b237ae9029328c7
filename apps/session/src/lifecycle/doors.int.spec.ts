/** Who may call what, over HTTP: each call of the controllers by each kind of caller. */
import { RequestMethod, type Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AgentRole } from '#libs/contracts';
import type { AgentId, SessionId, TeamId, VisitorId } from '#libs/protocol';
import { HttpFixture } from '../../fixture/http-fixture.ts';
import { SessionFixture } from '../../fixture/session-fixture.ts';
import { QueueController } from '../queue/queue.controller.ts';
import { ReadQueue } from '../queue/read-queue.ts';
import { Boot } from '../visitors/boot.ts';
import { CommandsController } from './commands.controller.ts';
import { EditSession } from './edit-session.ts';
import { FindSessions } from './find-sessions.ts';
import { Notes } from './notes.ts';
import { RunCommand } from './run-command.ts';
import { SessionOpening } from './session-opening.ts';
import { SessionsController } from './sessions.controller.ts';

const controllers = [CommandsController, SessionsController, QueueController] as const satisfies readonly Type[];
const ROOM = 1_000;

let fixture: SessionFixture;
let http: HttpFixture;
let other_team: TeamId;
let anna: AgentId;
let bo: AgentId;
/** All but the session's own visitor. */
let tokens: Record<string, string>;

beforeAll(async () => {
  fixture = await SessionFixture.open();
  const { dataSource, find, opening, commands, lifecycle } = fixture;
  const boot = new Boot(dataSource, undefined as never, undefined as never, {
    find,
    queueStore: lifecycle.queueStore,
  });
  http = await HttpFixture.open(fixture, controllers, [
    { provide: RunCommand, useValue: commands },
    { provide: SessionOpening, useValue: opening },
    { provide: EditSession, useValue: lifecycle.edits },
    { provide: Notes, useValue: lifecycle.notes },
    { provide: FindSessions, useValue: find },
    { provide: Boot, useValue: boot },
    { provide: ReadQueue, useValue: lifecycle.queues },
  ]);
  other_team = await fixture.team({ name: 'Other' });
  const team_ids = [fixture.team_id];
  [anna, bo] = [await fixture.agent(ROOM), await fixture.agent(ROOM)];
  const stranger = await fixture.agent(ROOM, { team_ids: [other_team] });
  const chief = await fixture.agent(ROOM, { role: 'supervisor' });
  const admin = await fixture.agent(ROOM, { role: 'admin', team_ids: [] });
  const person = (sub: AgentId, role: AgentRole, teams: TeamId[]) =>
    http.tokens.signAgent({ sub, role, team_ids: teams });
  tokens = {
    nobody: 'sk_nonsense',
    'other visitor': await http.visitor(await fixture.visitor()),
    owner: await person(anna, 'agent', team_ids),
    colleague: await person(bo, 'agent', team_ids),
    stranger: await person(stranger, 'agent', [other_team]),
    supervisor: await person(chief, 'supervisor', team_ids),
    admin: await person(admin, 'admin', []),
    'key without scope': await http.key('reports:read'),
    'key sessions:write': await http.key('sessions:write'),
    'key sessions:read': await http.key('sessions:read'),
    'key admin': await http.key('admin'),
  };
});
afterAll(async () => {
  await http.close();
  await fixture.close();
});

interface Subject {
  session_id: SessionId;
  visitor_id: VisitorId;
}
type State = 'waiting' | 'serving' | 'offered';

/** In the state in which the call is right: Anna serves it, and it is on offer to Bo. */
async function prepare(state: State): Promise<Subject> {
  const subject = await fixture.session();
  const caller = { kind: 'agent', agent_id: anna, role: 'agent', team_ids: [fixture.team_id] } as const;
  const run = (command: Parameters<RunCommand['run']>[1]) =>
    fixture.commands.run(subject.session_id, command, caller, { id: anna });
  if (state !== 'waiting') await run({ type: 'accept' });
  if (state === 'offered') await run({ type: 'transfer_to_agent', to_agent: bo });
  return subject;
}

/** A caller's column: in this order in each line of the table. */
const callers = [
  'nobody',
  'visitor',
  'other visitor',
  'owner',
  'colleague',
  'stranger',
  'supervisor',
  'admin',
  'key without scope',
  'key sessions:write',
  'key sessions:read',
  'key admin',
] as const;

interface Line {
  call: `${'GET' | 'POST' | 'PUT' | 'PATCH'} ${string}`;
  state: State;
  body?: () => unknown;
  /** By column. */
  expected: readonly number[];
}

const own = '/sessions/:session_id';
// Keys with `admin` may do what an admin may, but for what takes a person: to serve, to watch, to sign a note.
// prettier-ignore
const table: Line[] = [
  //                                                                              none  vis  oth  own  col  str  sup  adm  key  :wr  :rd  adm
  { call: `POST ${own}/request_human`, state: 'waiting',              expected: [401, 200, 404, 403, 403, 403, 403, 403, 403, 200, 403, 200] },
  { call: `POST ${own}/accept`, state: 'waiting',                     expected: [401, 403, 403, 200, 200, 404, 200, 200, 403, 403, 403, 403] },
  { call: `POST ${own}/transfer`, state: 'serving', body: toBo,       expected: [401, 403, 403, 200, 404, 404, 200, 200, 403, 403, 403, 200] },
  { call: `POST ${own}/transfer/accept`, state: 'offered',            expected: [401, 403, 403, 403, 200, 404, 403, 403, 403, 403, 403, 403] },
  { call: `POST ${own}/transfer/reject`, state: 'offered',            expected: [401, 403, 403, 403, 200, 404, 403, 403, 403, 403, 403, 403] },
  { call: `POST ${own}/transfer/cancel`, state: 'offered',            expected: [401, 403, 403, 200, 403, 404, 200, 200, 403, 403, 403, 200] },
  { call: `POST ${own}/return_to_queue`, state: 'serving',            expected: [401, 403, 403, 200, 404, 404, 200, 200, 403, 403, 403, 200] },
  { call: `POST ${own}/take_over`, state: 'serving',                  expected: [401, 403, 403, 403, 404, 404, 200, 200, 403, 403, 403, 403] },
  { call: `POST ${own}/reassign`, state: 'serving', body: toBo,       expected: [401, 403, 403, 403, 404, 404, 200, 200, 403, 403, 403, 200] },
  { call: `POST ${own}/close`, state: 'serving',                      expected: [401, 200, 404, 200, 404, 404, 200, 200, 403, 200, 403, 200] },
  { call: `POST ${own}/rating`, state: 'serving', body: () => ({ score: 5 }),
                                                                      expected: [401, 200, 404, 403, 403, 403, 403, 403, 403, 403, 403, 403] },
  { call: 'GET /sessions', state: 'serving',                          expected: [401, 200, 200, 200, 200, 200, 200, 200, 403, 403, 200, 200] },
  { call: `GET ${own}`, state: 'serving',                             expected: [401, 200, 404, 200, 404, 404, 200, 200, 403, 403, 200, 200] },
  { call: `PATCH ${own}`, state: 'serving', body: () => ({ category: 'returns' }),
                                                                      expected: [401, 403, 403, 200, 404, 404, 200, 200, 403, 200, 403, 200] },
  { call: `PATCH ${own}`, state: 'serving', body: () => ({ priority: 9 }),
                                                                      expected: [401, 403, 403, 403, 404, 404, 200, 200, 403, 200, 403, 200] },
  { call: `PATCH ${own}`, state: 'serving', body: () => ({ team_id: other_team }),
                                                                      expected: [401, 403, 403, 403, 404, 404, 200, 200, 403, 200, 403, 200] },
  { call: `PUT ${own}/tags`, state: 'serving', body: () => ({ tags: ['vip'] }),
                                                                      expected: [401, 403, 403, 200, 404, 404, 200, 200, 403, 200, 403, 200] },
  { call: `GET ${own}/notes`, state: 'serving',                       expected: [401, 403, 403, 200, 404, 404, 200, 200, 403, 403, 403, 403] },
  { call: `POST ${own}/notes`, state: 'serving', body: () => ({ content: 'x' }),
                                                                      expected: [401, 403, 403, 201, 404, 404, 201, 201, 403, 403, 403, 403] },
  { call: 'GET /queue', state: 'waiting',                             expected: [401, 403, 403, 200, 200, 200, 200, 200, 403, 403, 200, 200] },
  { call: 'GET /queue/:team_id', state: 'waiting',                    expected: [401, 403, 403, 200, 200, 404, 200, 200, 403, 403, 200, 200] },
];

function toBo() {
  return { to_agent: bo };
}

async function statusOf({ call, state, body }: Line, caller: (typeof callers)[number]): Promise<number> {
  const { session_id, visitor_id } = await prepare(state);
  const [method = '', path = ''] = call.split(' ');
  const token = caller === 'visitor' ? await http.visitor(visitor_id) : (tokens[caller] ?? '');
  const at = path.replace(':session_id', session_id).replace(':team_id', fixture.team_id);
  const sent = body === undefined ? {} : { body: body() };
  return (await http.call(token, method as 'GET', at, sent)).status;
}

test.each(
  table.map((line) => [`${line.call} ${line.body ? JSON.stringify(Object.keys(Object(line.body()))) : ''}`, line]),
)('%s lets in whom it should', async (_name, line) => {
  const found: Record<string, number> = {};
  for (const caller of callers) found[caller] = await statusOf(line, caller);
  expect(found).toEqual(Object.fromEntries(callers.map((caller, at) => [caller, line.expected[at]])));
});

test.each([
  ['nobody', 401],
  ['visitor', 403],
  ['owner', 200],
  ['colleague', 200],
  ['stranger', 200],
  ['supervisor', 200],
  ['admin', 200],
  ['key without scope', 403],
  ['key sessions:write', 200],
  ['key sessions:read', 403],
  ['key admin', 200],
] as const)('POST /sessions for a visitor answers %s with %i', async (caller, status) => {
  const { channel_id } = fixture;
  const visitor_id = await fixture.visitor();
  const token = caller === 'visitor' ? await http.visitor(visitor_id) : (tokens[caller] ?? '');
  const answer = await http.call(token, 'POST', '/sessions', { body: { channel_id, visitor: { visitor_id } } });
  expect(answer.status).toBe(status);
});

test('a visitor opens its own session, and no other', async () => {
  const token = await http.visitor(await fixture.visitor());
  expect((await http.call(token, 'POST', '/sessions', { body: {} })).status).toBe(200);
});

test('no call is missing here', () => {
  const reflector = new Reflector();
  const calls = controllers.flatMap((controller: Type) => {
    const handlers = Object.values(Object.getOwnPropertyDescriptors(controller.prototype)).map(
      ({ value }) => value as Type,
    );
    const routes = handlers.filter((handler) => handler !== controller && reflector.get('path', handler) !== undefined);
    return routes.map((handler) => {
      const path = `/${reflector.get<string>('path', controller)}/${reflector.get<string>('path', handler)}`;
      return `${RequestMethod[reflector.get<RequestMethod>('method', handler)]} ${path.replace(/\/+$/, '')}`;
    });
  });
  expect(calls.toSorted()).toEqual([...new Set([...table.map(({ call }) => call), 'POST /sessions'])].toSorted());
});

test.each([
  '/queue?page=1',
  '/queue?limit=0',
  '/queue?limit=201',
  '/queue?cursor=nonsense',
  'team?page=1',
  'notes?page=1',
])('GET %s is refused: unknown or out of range', async (path) => {
  const { session_id } = await prepare('serving');
  const at = path.replace(/^team/, `/queue/${fixture.team_id}`).replace(/^notes/, `/sessions/${session_id}/notes`);
  const answer = await http.call(tokens['supervisor'] ?? '', 'GET', at);
  expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
});
