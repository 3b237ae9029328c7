import { afterAll, beforeAll, expect, test } from 'vitest';
import { HttpFixture } from '../../fixture/http-fixture.ts';
import { SessionFixture } from '../../fixture/session-fixture.ts';
import { newId } from '../database/ids.ts';
import { Sealing } from '../people/sealing.ts';
import { settingsControllers } from './settings.controller.ts';
import { Settings } from './settings.ts';

let fixture: SessionFixture;
let http: HttpFixture;
let tokens: Record<string, string>;
let ids: Record<string, string>;
beforeAll(async () => {
  fixture = await SessionFixture.open();
  const settings = new Settings(fixture.dataSource, fixture.queue, new Sealing('a key for this test'));
  http = await HttpFixture.open(fixture, settingsControllers, [{ provide: Settings, useValue: settings }]);
  tokens = {
    visitor: await http.visitor(await fixture.visitor()),
    agent: await http.person('agent'),
    supervisor: await http.person('supervisor'),
    admin: await http.person('admin'),
    'admin key': await http.key('admin'),
    'other key': await http.key('messages:write', 'sessions:write', 'visitors:write', 'reports:read'),
    nobody: 'sk_nonsense',
  };
  const admin = tokens['admin'] ?? '';
  const hours = await http.call(admin, 'POST', '/business_hours', { body: bodies.business_hours() });
  ids = {
    teams: fixture.team_id,
    channels: fixture.channel_id,
    business_hours: String(hours.body['business_hours_id']),
    agents: await fixture.agent(),
  };
});
afterAll(async () => {
  await http.close();
  await fixture.close();
});

const bodies = {
  teams: () => ({ name: 'Night' }),
  channels: () => ({ name: 'App', team_id: fixture.team_id }),
  business_hours: () => ({ name: 'Office', time_zone: 'Asia/Shanghai', week: { mon: [['09:00', '18:00']] } }),
  agents: () => ({ username: newId('agt'), password: 'a long password', name: 'Bo', role: 'agent' }),
};
const kinds = Object.keys(bodies) as (keyof typeof bodies)[];
const calls = ['list', 'get', 'create', 'update', 'delete', 'rotate'] as const;

/** What becomes of a call: `done`, or the code of the refusal. */
async function outcome(who: string, call: (typeof calls)[number], kind: keyof typeof bodies): Promise<string> {
  const one = `/${kind}/${ids[kind]}`;
  const requests = {
    list: ['GET', `/${kind}`],
    get: ['GET', one],
    create: ['POST', `/${kind}`, bodies[kind]()],
    update: ['PATCH', one, { name: 'Other' }],
    // Of something that is not there: who may delete learns that, whoever may not learns nothing.
    delete: ['DELETE', `/${kind}/team_none`],
    rotate: ['POST', `${one}/rotate_secret`],
  } as const;
  const [method, path, body] = requests[call];
  const answer = await http.call(tokens[who] ?? '', method, path, { body });
  return answer.status < 300 ? 'done' : String(answer.body['code']);
}

const all = (value: string) => Object.fromEntries(kinds.map((kind) => [kind, value]));
const table: Record<string, Partial<Record<(typeof calls)[number], Record<string, string>>>> = {
  visitor: { list: all('FORBIDDEN'), get: all('FORBIDDEN') },
  agent: {
    list: { ...all('FORBIDDEN'), agents: 'done', teams: 'done' },
    get: { ...all('FORBIDDEN'), agents: 'done', teams: 'done' },
  },
  supervisor: { list: all('done'), get: all('done') },
  admin: { list: all('done'), get: all('done'), create: all('done'), update: all('done') },
  'admin key': { list: all('done'), get: all('done'), create: all('done'), update: all('done') },
  'other key': { list: all('FORBIDDEN'), get: all('FORBIDDEN') },
  nobody: Object.fromEntries(calls.map((call) => [call, all('UNAUTHENTICATED')])),
};
const isAdmin = (who: string) => who === 'admin' || who === 'admin key';
/** What there is no call for is no secret. */
function expected(who: string, call: (typeof calls)[number], kind: string): string {
  if (call === 'delete' && kind === 'agents') return 'NOT_FOUND';
  if (call === 'rotate' && kind !== 'channels') return 'NOT_FOUND';
  const said = table[who]?.[call]?.[kind];
  if (said !== undefined) return said;
  if (!isAdmin(who)) return 'FORBIDDEN';
  return call === 'delete' ? 'NOT_FOUND' : 'done';
}

test.each(Object.keys(table))('what %s may do with each resource', async (who) => {
  for (const kind of kinds) {
    for (const call of calls) {
      expect([kind, call, await outcome(who, call, kind)]).toEqual([kind, call, expected(who, call, kind)]);
    }
  }
});

test('agents see of colleagues and teams what they work with, and no more', async () => {
  const agent = tokens['agent'] ?? '';
  const colleague = await http.call(agent, 'GET', `/agents/${ids['agents']}`);
  expect(Object.keys(colleague.body).toSorted()).toEqual(
    [
      'active',
      'agent_id',
      'capacity',
      'disabled',
      'languages',
      'name',
      'role',
      'skills',
      'status',
      'team_ids',
    ].toSorted(),
  );
  const teams = await http.call(agent, 'GET', '/teams');
  for (const team of teams.body['items'] as object[]) {
    expect(Object.keys(team)).toEqual(['team_id', 'name', 'visibility', 'skills']);
  }
});

test('nobody is ever told a hash or a sealed secret', async () => {
  const admin = tokens['admin'] ?? '';
  for (const path of [`/agents/${ids['agents']}`, `/channels/${ids['channels']}`]) {
    const { body } = await http.call(admin, 'GET', path);
    expect(Object.keys(body).filter((name) => /password|secret/.test(name))).toEqual([]);
  }
});

test.each([
  ['POST', '/teams', { name: 'x', team_id: 'team_mine' }, 'team_id'],
  ['POST', '/agents', { ...bodies.agents(), active: 5 }, 'active'],
  ['POST', '/channels', { name: 'x', team_id: 'team_none' }, 'team_id'],
  ['POST', '/channels', { name: 'x', team_id: newId('team') }, 'team_id'],
  ['POST', '/agents', { ...bodies.agents(), team_ids: [newId('team')] }, 'team_ids'],
  ['POST', '/teams', { name: 'x', business_hours_id: newId('hrs') }, 'business_hours_id'],
  ['POST', '/business_hours', { ...bodies.business_hours(), time_zone: 'Mars/Olympus' }, 'time_zone'],
  ['POST', '/teams', {}, 'name'],
] as const)('%s %s %j is refused for its %s', async (method, path, body, field) => {
  const answer = await http.call(tokens['admin'] ?? '', method, path, { body });
  expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
  expect((answer.body['errors'] as { path: string }[]).map(({ path: at }) => at)).toContain(field);
});

test.each(['limit=0', 'limit=201', 'limit=1e9', 'cursor=nonsense', 'cursor=%27%20OR%201', 'page=2'])(
  'a list with %s is refused',
  async (query) => {
    const answer = await http.call(tokens['admin'] ?? '', 'GET', `/teams?${query}`);
    expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
  },
);
