import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AgentId, TeamId } from '#libs/protocol';
import { Refusal, type UpdateAgentBody } from '#libs/contracts';
import { waitUntil } from '#libs/testing';
import { SessionFixture } from '../../fixture/session-fixture.ts';
import { Sealing } from '../people/sealing.ts';
import { SignIn } from '../people/sign-in.ts';
import { SigningKeys } from '../people/signing-keys.ts';
import { Tokens } from '../people/tokens.ts';
import { agents } from './agents.ts';
import { businessHours } from './business-hours.ts';
import { Settings } from './settings.ts';
import { teams } from './teams.ts';

const by = { id: 'key_test', ip: '192.0.2.1' };
const PASSWORD = 'a long password';
let fixture: SessionFixture;
let settings: Settings;
let signIn: SignIn;
beforeAll(async () => {
  fixture = await SessionFixture.open();
  const sealing = new Sealing('a key for this test');
  const keys = new SigningKeys(fixture.dataSource, sealing);
  await keys.load();
  const tokens = new Tokens(keys, { access_token_seconds: 60, visitor_token_days: 1 });
  signIn = new SignIn(fixture.dataSource, tokens, { lock_after_failures: 3, lock_minutes: 15, refresh_token_days: 1 });
  settings = new Settings(fixture.dataSource, fixture.queue, sealing);
});
afterAll(() => fixture.close());

async function make(more: UpdateAgentBody = {}): Promise<{ agent_id: AgentId; username: string }> {
  const username = `u-${randomUUID()}`;
  const beginning = { email: null, team_ids: [], capacity: 8, skills: [], languages: [], disabled: false };
  const body = { username, password: PASSWORD, name: 'Anna', role: 'agent' as const, ...beginning, ...more };
  const { agent_id } = await settings.create(agents, body as never, by);
  return { agent_id: agent_id as AgentId, username };
}
const change = (agent_id: string, body: UpdateAgentBody) => settings.update(agents, agent_id, body, by);
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof Refusal ? error.code : String(error)),
  );

test('an agent begins away, in the teams that were named, and signs in with the password', async () => {
  const { agent_id, username } = await make({ team_ids: [fixture.team_id, fixture.team_id], email: 'a@example.com' });
  expect(await settings.read(agents, agent_id)).toMatchObject({
    username,
    email: 'a@example.com',
    team_ids: [fixture.team_id],
    status: 'away',
    active: 0,
    capacity: 8,
    locale: 'en',
    disabled: false,
  });
  const { user } = await signIn.withPassword(username, PASSWORD);
  expect(user).toMatchObject({ agent_id, team_ids: [fixture.team_id] });
});

test('no audit line holds a password, and each says whose was set', async () => {
  const { agent_id } = await make();
  await change(agent_id, { password: 'another long password', name: 'Bo' });
  const rows = await fixture.database.query(
    'SELECT actor, action, before_value, after_value, ip FROM audit_log WHERE subject = ? ORDER BY audit_id',
    [agent_id],
  );
  expect(JSON.stringify(rows)).not.toMatch(/long password|argon2/);
  expect(rows).toMatchObject([
    { actor: by.id, action: 'agent.create', ip: by.ip },
    { actor: by.id, action: 'agent.update', ip: by.ip },
  ]);
  const after = rows[1]?.['after_value'];
  expect(typeof after === 'string' ? JSON.parse(after) : after).toEqual({ password_hash: 'set', name: 'Bo' });
});

test('a username that is taken, in whatever case, is refused at making and at changing', async () => {
  const { username } = await make();
  const { agent_id } = await make();
  expect(await codeOf(make({ username: username.toUpperCase() }))).toBe('CONFLICT');
  expect(await codeOf(change(agent_id, { username }))).toBe('CONFLICT');
});

test('new roles and teams are in the tokens that are made from then on', async () => {
  const { agent_id, username } = await make();
  const { refresh_token } = await signIn.withPassword(username, PASSWORD);
  await change(agent_id, { role: 'supervisor', team_ids: [fixture.team_id] });
  const { user } = await signIn.withRefreshToken(refresh_token);
  expect(user).toMatchObject({ role: 'supervisor', team_ids: [fixture.team_id] });
});

test('a new password ends what was signed in, the old password, and the lock that wrong ones brought', async () => {
  const { agent_id, username } = await make();
  const { refresh_token } = await signIn.withPassword(username, PASSWORD);
  for (let count = 0; count < 3; count += 1) await codeOf(signIn.withPassword(username, 'wrong'));
  expect(await codeOf(signIn.withPassword(username, PASSWORD))).toBe('ACCOUNT_LOCKED');
  await change(agent_id, { password: 'another long password' });
  expect(await codeOf(signIn.withRefreshToken(refresh_token))).toBe('UNAUTHENTICATED');
  expect(await codeOf(signIn.withPassword(username, PASSWORD))).toBe('UNAUTHENTICATED');
  expect(await codeOf(signIn.withPassword(username, 'another long password'))).toBe('done');
});

test('who is disabled is signed out and stays out until that is lifted', async () => {
  const { agent_id, username } = await make();
  const { refresh_token } = await signIn.withPassword(username, PASSWORD);
  await change(agent_id, { disabled: true });
  expect(await codeOf(signIn.withRefreshToken(refresh_token))).toBe('UNAUTHENTICATED');
  expect(await codeOf(signIn.withPassword(username, PASSWORD))).toBe('UNAUTHENTICATED');
  await change(agent_id, { disabled: false });
  expect(await codeOf(signIn.withRefreshToken(refresh_token))).toBe('UNAUTHENTICATED');
  expect(await codeOf(signIn.withPassword(username, PASSWORD))).toBe('done');
});

test('no sign-in of the same moment outlives a change of the password', async () => {
  for (let round = 0; round < 5; round += 1) {
    const { agent_id, username } = await make();
    const { refresh_token } = await signIn.withPassword(username, PASSWORD);
    const attempts = await Promise.allSettled([
      signIn.withPassword(username, PASSWORD),
      signIn.withRefreshToken(refresh_token),
      change(agent_id, { password: 'another long password' }),
      signIn.withPassword(username, PASSWORD),
    ]);
    expect(attempts[2]?.status).toBe('fulfilled');
    expect(await fixture.database.query('SELECT 1 FROM refresh_tokens WHERE agent_id = ?', [agent_id])).toEqual([]);
  }
});

test('the last admin who can sign in stays one, also when two take the role from each other at once', async () => {
  await fixture.database.query("UPDATE agents SET role = 'agent' WHERE role = 'admin'");
  const { agent_id: one } = await make({ role: 'admin' });
  const { agent_id: disabled } = await make({ role: 'admin', disabled: true });
  expect(await codeOf(change(one, { role: 'agent' }))).toBe('CONFLICT');
  expect(await codeOf(change(one, { disabled: true }))).toBe('CONFLICT');
  expect(await codeOf(change(disabled, { role: 'agent' }))).toBe('done');
  expect(await codeOf(change(one, { role: 'admin', name: 'Admin' }))).toBe('done');
  const { agent_id: other } = await make({ role: 'admin' });
  const ends = await Promise.all([codeOf(change(one, { role: 'agent' })), codeOf(change(other, { disabled: true }))]);
  expect(ends.toSorted()).toEqual(['CONFLICT', 'done']);
});

test('a capacity below the load takes effect as sessions end', async () => {
  const agent_id = await fixture.agent(2);
  const caller = { kind: 'agent', agent_id, role: 'agent', team_ids: [fixture.team_id] } as const;
  const accept = (session_id: string) => fixture.commands.run(session_id, { type: 'accept' }, caller, { id: agent_id });
  const [first, second, third] = [await fixture.session(), await fixture.session(), await fixture.session()];
  await accept(first.session_id);
  await accept(second.session_id);
  expect(await change(agent_id, { capacity: 1 })).toMatchObject({ capacity: 1, active: 2 });
  await fixture.commands.run(first.session_id, { type: 'close' }, caller, { id: agent_id });
  expect(await codeOf(accept(third.session_id))).toBe('AGENT_FULL');
  await fixture.commands.run(second.session_id, { type: 'close' }, caller, { id: agent_id });
  expect(await codeOf(accept(third.session_id))).toBe('done');
});

/** Somebody who waits in a new team, and what brings them to the agent. */
async function waitingIn(team_id: TeamId, more: { skills?: string[]; language?: string; offline?: boolean } = {}) {
  const visitor_id = await fixture.visitor();
  const { channel_id } = fixture;
  const opening = { visitor_id, channel_id, team_id, origin: 'visitor', by: { id: visitor_id } } as const;
  const { session_id } = await fixture.opening.open({ ...opening, isOffline: more.offline });
  const { skills = [], language = null } = more;
  await fixture.database.query('UPDATE sessions SET skills = ?, language = ? WHERE session_id = ?', [
    JSON.stringify(skills),
    language,
    session_id,
  ]);
  return session_id;
}
const served = (session_id: string, agent_id: AgentId) =>
  waitUntil('the session to be served', async () => {
    const { state, agent_id: server } = await fixture.get(session_id);
    return state === 'serving' && server === agent_id;
  });

test.each<
  [string, Parameters<SessionFixture['agent']>[1] & { capacity?: number }, object, (team_id: TeamId) => UpdateAgentBody]
>([
  ['more capacity', { capacity: 0 }, {}, () => ({ capacity: 1 })],
  ['a skill', {}, { skills: ['tax'] }, () => ({ skills: ['tax'] })],
  ['a language', { languages: ['en'] }, { language: 'zh-CN' }, () => ({ languages: ['en', 'zh'] })],
  ['being enabled again', { disabled: true }, {}, () => ({ disabled: false })],
  ['a team', { team_ids: [] }, {}, (team_id) => ({ team_ids: [team_id] })],
])('%s brings the agent who waited for it', async (_name, { capacity = 1, ...options }, need, given) => {
  const team_id = await fixture.team();
  const session_id = await waitingIn(team_id, need);
  const agent_id = await fixture.agent(capacity, { team_ids: [team_id], ...options, status: 'online' });
  await change(agent_id, given(team_id));
  await served(session_id, agent_id);
});

test('a team that asks for less, and hours that begin, bring those who waited for it', async () => {
  const team_id = await fixture.team({ skills: ['tax'] });
  const agent_id = await fixture.agent(5, { team_ids: [team_id], status: 'online' });
  const first = await waitingIn(team_id);
  await settings.update(teams, team_id, { skills: [] }, by);
  await served(first, agent_id);
  const closed = { name: 'Never', time_zone: 'UTC', week: {}, days: [] };
  const { business_hours_id } = await settings.create(businessHours, closed, by);
  await settings.update(teams, team_id, { business_hours_id: business_hours_id as never }, by);
  const second = await waitingIn(team_id, { offline: true });
  const day = [['00:00', '24:00']] as [string, string][];
  const week = { mon: day, tue: day, wed: day, thu: day, fri: day, sat: day, sun: day };
  await settings.update(businessHours, String(business_hours_id), { week }, by);
  await served(second, agent_id);
});
