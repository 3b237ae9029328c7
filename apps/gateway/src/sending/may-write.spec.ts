import { expect, test } from 'vitest';
import { Refusal, type SessionRoute } from '#libs/contracts';
import type { Person } from '#libs/domain';
import { agent, ids, visitor } from '../../fixture/connection-fixture.ts';
import { MayWrite } from './may-write.ts';

const session_id = ids.session('1');
const route = (more: Partial<SessionRoute> = {}): SessionRoute => ({
  session_id,
  state: 'serving',
  version: 3,
  channel_id: ids.channel('1'),
  team_id: ids.team('1'),
  visitor_id: ids.visitor('1'),
  agent_id: ids.agent('1'),
  ...more,
});
const stranger: Person = { kind: 'visitor', visitor_id: ids.visitor('2'), channel_id: ids.channel('1') };
const supervisor: Extract<Person, { kind: 'agent' }> = {
  kind: 'agent',
  agent_id: ids.agent('7'),
  role: 'supervisor',
  team_ids: [ids.team('1')],
};

/** Session as it answers now; `undefined` for unknown, `'away'` for nobody there. */
function make(now: { route: SessionRoute | undefined | 'away' }) {
  const asked: string[] = [];
  const mayWrite = new MayWrite((id) => {
    asked.push(id);
    return now.route === 'away' ? Promise.reject(new Refusal('UNAVAILABLE')) : Promise.resolve(now.route);
  });
  return { mayWrite, asked };
}
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'ok',
    (error: unknown) => (error as Refusal).code,
  );

test('asked once, then known: the neighbours may go away', async () => {
  const now: Parameters<typeof make>[0] = { route: route() };
  const { mayWrite, asked } = make(now);
  await mayWrite.write(visitor, session_id);
  now.route = 'away';
  expect(await codeOf(mayWrite.write(visitor, session_id))).toBe('ok');
  expect(await codeOf(mayWrite.write(agent, session_id))).toBe('ok');
  expect(asked).toHaveLength(1);
});

test('unknown and nobody to ask is UNAVAILABLE, an unknown session and another one are NOT_FOUND', async () => {
  expect(await codeOf(make({ route: 'away' }).mayWrite.write(visitor, session_id))).toBe('UNAVAILABLE');
  expect(await codeOf(make({ route: undefined }).mayWrite.write(visitor, session_id))).toBe('NOT_FOUND');
  expect(await codeOf(make({ route: route() }).mayWrite.write(stranger, session_id))).toBe('NOT_FOUND');
});

test('who may see it but not write in it is FORBIDDEN', async () => {
  expect(await codeOf(make({ route: route() }).mayWrite.write(supervisor, session_id))).toBe('FORBIDDEN');
});

test('a visitor writes to a closed session: that opens its follow-up', async () => {
  expect(await codeOf(make({ route: route({ state: 'closed' }) }).mayWrite.write(visitor, session_id))).toBe('ok');
});

test('a refusal is never made from memory: the agent who has just accepted may write', async () => {
  const now = { route: route({ agent_id: null, state: 'waiting' }) };
  const { mayWrite, asked } = make(now);
  expect(await codeOf(mayWrite.write(agent, session_id))).toBe('FORBIDDEN');
  now.route = route({ version: 4 });
  expect(await codeOf(mayWrite.write(agent, session_id))).toBe('ok');
  expect(asked).toHaveLength(2);
});

test('a transition that passes by counts at once, for better and for worse, and nobody is asked', async () => {
  const { mayWrite, asked } = make({ route: 'away' });
  mayWrite.renew(route({ version: 4, agent_id: ids.agent('1') }));
  expect(await codeOf(mayWrite.write(agent, session_id))).toBe('ok');
  expect(asked).toEqual([]);
  mayWrite.renew(route({ version: 5, agent_id: ids.agent('2') }));
  expect(await codeOf(mayWrite.write(agent, session_id))).toBe('UNAVAILABLE');
});

test('an older transition, or an answer overtaken by a newer one, changes nothing', async () => {
  const now = { route: route({ version: 3, agent_id: ids.agent('2') }) };
  const { mayWrite } = make(now);
  mayWrite.renew(route({ version: 5 }));
  mayWrite.renew(route({ version: 4, agent_id: ids.agent('2') }));
  expect(await codeOf(mayWrite.write(agent, session_id))).toBe('ok');
  // The stranger's refusal asks, and session's replica answers with the past.
  await codeOf(mayWrite.write(stranger, session_id));
  expect(await codeOf(mayWrite.write(agent, session_id))).toBe('ok');
});

test('what is dropped is asked for again', async () => {
  const { mayWrite, asked } = make({ route: route() });
  await mayWrite.write(visitor, session_id);
  mayWrite.drop(session_id);
  await mayWrite.write(visitor, session_id);
  mayWrite.dropAll();
  await mayWrite.write(visitor, session_id);
  expect(asked).toHaveLength(3);
});

test('only supervisors and admins look over shoulders, in their teams', async () => {
  const { mayWrite } = make({ route: route() });
  const elsewhere: typeof supervisor = { ...supervisor, team_ids: [ids.team('2')] };
  const admin: Person = { ...elsewhere, role: 'admin' };
  expect(await codeOf(mayWrite.watch(supervisor, session_id))).toBe('ok');
  expect(await codeOf(mayWrite.watch(admin, session_id))).toBe('ok');
  expect(await codeOf(mayWrite.watch(elsewhere, session_id))).toBe('NOT_FOUND');
  // Who has no right here learns no more of it than that.
  expect(await codeOf(mayWrite.watch(agent, session_id))).toBe('FORBIDDEN');
  expect(await codeOf(mayWrite.watch(visitor, session_id))).toBe('FORBIDDEN');
});
