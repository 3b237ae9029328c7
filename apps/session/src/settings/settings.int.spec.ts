import { hash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HttpFixture } from '../../fixture/http-fixture.ts';
import { SessionFixture } from '../../fixture/session-fixture.ts';
import { newId } from '../database/ids.ts';
import { Sealing } from '../people/sealing.ts';
import { settingsControllers } from './settings.controller.ts';
import { Settings } from './settings.ts';

const sealing = new Sealing('a key for this test');
let fixture: SessionFixture;
let http: HttpFixture;
let admin: string;
beforeAll(async () => {
  fixture = await SessionFixture.open();
  const settings = new Settings(fixture.dataSource, fixture.queue, sealing);
  http = await HttpFixture.open(fixture, settingsControllers, [{ provide: Settings, useValue: settings }]);
  admin = await http.key('admin');
});
afterAll(async () => {
  await http.close();
  await fixture.close();
});

type Json = Record<string, unknown>;
const office = { name: 'Office', time_zone: 'Asia/Shanghai', week: { mon: [['09:00', '18:00']] } };

async function create(path: string, body: Json): Promise<Json> {
  const answer = await http.call(admin, 'POST', path, { body });
  expect(answer.status).toBe(201);
  return answer.body;
}
const patch = (path: string, body: Json, once?: string) =>
  http.call(admin, 'PATCH', path, { body, ...(once === undefined ? {} : { once }) });
const fieldsOf = ({ created_at: _made, updated_at: _changed, ...fields }: Json) => fields;

/** The audit lines of one thing, oldest first. */
async function auditOf(subject: unknown): Promise<Json[]> {
  const rows = await fixture.database.query(
    'SELECT action, before_value, after_value, ip FROM audit_log WHERE subject = ? ORDER BY audit_id',
    [subject],
  );
  const parsed = (value: unknown) => (typeof value === 'string' ? (JSON.parse(value) as unknown) : value);
  return rows.map((row) => ({
    action: row['action'],
    before: parsed(row['before_value']),
    after: parsed(row['after_value']),
    ip: row['ip'],
  }));
}

test('a team is made with what was given and what nobody has said otherwise', async () => {
  const team = await create('/teams', { name: 'Night', skills: ['refund'] });
  expect(team).toEqual({
    team_id: expect.stringMatching(/^team_/) as string,
    name: 'Night',
    strategy: 'least_loaded',
    visibility: 'own',
    business_hours_id: null,
    skills: ['refund'],
    ageing_seconds: 120,
    offer_seconds: 30,
    first_reply_seconds: null,
    next_reply_seconds: null,
    created_at: expect.any(String) as string,
    updated_at: team['created_at'],
  });
  expect((await http.call(admin, 'GET', `/teams/${String(team['team_id'])}`)).body).toEqual(team);
});

test('a patch changes what it names, says so in the audit, and keeps the rest', async () => {
  const team = await create('/teams', { name: 'Day' });
  const path = `/teams/${String(team['team_id'])}`;
  const { body } = await patch(path, { name: 'Days', offer_seconds: 30, first_reply_seconds: 60 });
  expect(fieldsOf(body)).toEqual({ ...fieldsOf(team), name: 'Days', first_reply_seconds: 60 });
  const [made, changed, ...others] = await auditOf(team['team_id']);
  expect(made).toMatchObject({ action: 'team.create', before: null, after: { name: 'Day', offer_seconds: 30 } });
  expect(changed).toEqual({
    action: 'team.update',
    before: { name: 'Day', first_reply_seconds: null },
    after: { name: 'Days', first_reply_seconds: 60 },
    ip: '127.0.0.1',
  });
  expect(others).toEqual([]);
});

test('a patch that changes nothing leaves no trace', async () => {
  const team = await create('/teams', { name: 'Same' });
  const path = `/teams/${String(team['team_id'])}`;
  expect((await patch(path, { name: 'Same', skills: [] })).body).toEqual(team);
  expect((await patch(path, {})).body).toEqual(team);
  expect(await auditOf(team['team_id'])).toHaveLength(1);
});

test('a list goes through all in the order of their making, a page at a time', async () => {
  const made: string[] = [];
  for (let count = 0; count < 5; count += 1) {
    made.push(String((await create('/business_hours', { ...office, name: `No. ${count}` }))['business_hours_id']));
  }
  const seen: unknown[] = [];
  let query = '?limit=2';
  for (;;) {
    const { body } = await http.call(admin, 'GET', `/business_hours${query}`);
    const items = body['items'] as Json[];
    seen.push(...items.map((item) => item['business_hours_id']));
    if (body['next_cursor'] === null) break;
    query = `?limit=2&cursor=${body['next_cursor'] as string}`;
  }
  // Of two that are made within a millisecond chance decides.
  expect(seen).toEqual(made.toSorted((one, other) => (one < other ? -1 : 1)));
});

test('business hours keep their week and days', async () => {
  const days = [{ date: '2026-10-01', hours: [] }];
  const hours = await create('/business_hours', { ...office, days });
  const path = `/business_hours/${String(hours['business_hours_id'])}`;
  const { body } = await patch(path, { week: { sun: [['10:00', '24:00']] } });
  expect(body).toMatchObject({ ...office, week: { sun: [['10:00', '24:00']] }, days });
});

test('what is in use is not deleted, what is not is gone, and its last words are in the audit', async () => {
  const hours = await create('/business_hours', office);
  const team = await create('/teams', { name: 'Used', business_hours_id: hours['business_hours_id'] });
  const team_id = String(team['team_id']);
  const channel = await create('/channels', { name: 'Used', team_id });
  const agent_id = await fixture.agent(1, { team_ids: [team_id as never] });
  const remove = async (path: string) => {
    const { status, body } = await http.call(admin, 'DELETE', path);
    return status === 204 ? 'gone' : `${String(body['code'])} ${String(body['detail'])}`;
  };
  const teamPath = `/teams/${team_id}`;
  expect(await remove(`/business_hours/${String(hours['business_hours_id'])}`)).toBe('CONFLICT teams refer to it');
  expect(await remove(teamPath)).toBe('CONFLICT channels refer to it');
  expect(await remove(`/channels/${String(channel['channel_id'])}`)).toBe('gone');
  expect(await remove(teamPath)).toBe('CONFLICT agents refer to it');
  expect((await patch(`/agents/${agent_id}`, { team_ids: [] })).body).toMatchObject({ team_ids: [] });
  expect(await remove(teamPath)).toBe('gone');
  expect(await remove(teamPath)).toBe('NOT_FOUND There is no such thing.');
  expect(await remove(`/business_hours/${String(hours['business_hours_id'])}`)).toBe('gone');
  expect((await auditOf(team_id)).at(-1)).toMatchObject({ action: 'team.delete', before: fieldsOf(team), after: null });
});

test('what has had a session stays, and so do the visitors of a channel that is gone', async () => {
  await fixture.session();
  const used = await http.call(admin, 'DELETE', `/channels/${fixture.channel_id}`);
  expect(used).toMatchObject({ status: 409, body: { code: 'CONFLICT', detail: 'sessions refer to it' } });
  const team_id = await fixture.team();
  const { channel_id } = await create('/channels', { name: 'Empty', team_id });
  const visitor_id = await fixture.visitor();
  await fixture.database.query('UPDATE visitors SET channel_id = ? WHERE visitor_id = ?', [channel_id, visitor_id]);
  expect((await http.call(admin, 'DELETE', `/channels/${String(channel_id)}`)).status).toBe(204);
  expect(await fixture.database.query('SELECT 1 FROM visitors WHERE visitor_id = ?', [visitor_id])).toHaveLength(1);
  await fixture.database.query("UPDATE sessions SET team_id = ?, state = 'closed', open_visitor_id = NULL", [team_id]);
  const team = await http.call(admin, 'DELETE', `/teams/${team_id}`);
  expect(team).toMatchObject({ status: 409, body: { detail: 'sessions refer to it' } });
});

test('a team that is deleted while others begin to use it is either used or gone', async () => {
  for (let round = 0; round < 10; round += 1) {
    const team_id = await fixture.team();
    const visitor_id = await fixture.visitor();
    const { channel_id } = fixture;
    const by = { id: visitor_id };
    const [deleted, ...uses] = await Promise.all([
      http.call(admin, 'DELETE', `/teams/${team_id}`),
      http.call(admin, 'POST', '/channels', { body: { name: 'Race', team_id } }),
      fixture.opening.open({ visitor_id, channel_id, team_id, origin: 'visitor', by, beginsWithBot: true }).then(
        () => ({ status: 201 }),
        () => ({ status: 400 }),
      ),
    ]);
    const isUsed = uses.some(({ status }) => status === 201);
    expect([deleted.status, isUsed]).toEqual(isUsed ? [409, true] : [204, false]);
  }
});

test('a channel keeps how it looks, and is given its secret once', async () => {
  const given = {
    name: 'App',
    team_id: fixture.team_id,
    allowed_origins: ['https://shop.example'],
    theme: { color: '#112233', side: 'left' },
    texts: { greeting: { 'zh-CN': '你好', en: 'Hello' } },
    pre_chat: [{ name: 'mail', label: { en: 'E-mail' }, kind: 'email', required: true }],
    hot_questions: ['Where is my parcel?'],
    timers: { close_seconds: 900 },
    return_to_agent: true,
  };
  const { identity_secret, ...channel } = await create('/channels', given);
  const timers = { waiting_seconds: 180, remind_seconds: 300, close_seconds: 900, unseen_seconds: 0 };
  expect(channel).toMatchObject({ ...given, timers, bot: 'none', identity: 'optional' });
  const path = `/channels/${String(channel['channel_id'])}`;
  expect((await http.call(admin, 'GET', path)).body).toEqual(channel);
  expect(await secretOf(channel['channel_id'])).toBe(identity_secret);
  const { body } = await patch(path, { theme: { color: '#445566' }, hot_questions: [] });
  expect(fieldsOf(body)).toEqual({ ...fieldsOf(channel), theme: { color: '#445566' }, hot_questions: [] });
  const audit = JSON.stringify(await auditOf(channel['channel_id']));
  expect(audit).not.toContain(String(identity_secret));
  expect(audit).not.toContain('secret');
});

test('a rotated secret is shown once and replaces the former one', async () => {
  const { identity_secret: first, channel_id } = await create('/channels', { name: 'App', team_id: fixture.team_id });
  const path = `/channels/${String(channel_id)}/rotate_secret`;
  const once = randomUUID();
  const answer = await http.call(admin, 'POST', path, { once });
  const second = answer.body['identity_secret'];
  expect(answer.status).toBe(200);
  expect(second).not.toBe(first);
  expect(await secretOf(channel_id)).toBe(second);
  // A repeat is answered as the first was, and neither the answer nor the audit keeps the secret in the clear.
  expect(await http.call(admin, 'POST', path, { once })).toEqual(answer);
  expect(await secretOf(channel_id)).toBe(second);
  expect(JSON.stringify(await fixture.database.query('SELECT answer FROM idempotency_keys'))).not.toContain(
    String(second),
  );
  expect((await auditOf(channel_id)).at(-1)).toMatchObject({
    action: 'channel.rotate_secret',
    before: null,
    after: null,
  });
});

async function secretOf(channel_id: unknown): Promise<string> {
  const rows = await fixture.database.query('SELECT identity_secret_encrypted FROM channels WHERE channel_id = ?', [
    channel_id,
  ]);
  return sealing.open(String(rows[0]?.['identity_secret_encrypted']));
}

test('the same key and body change once and are answered the same; another body is refused', async () => {
  const once = randomUUID();
  const body = { name: 'Once' };
  const first = await http.call(admin, 'POST', '/teams', { body, once });
  expect(first.status).toBe(201);
  expect(await http.call(admin, 'POST', '/teams', { body, once })).toEqual(first);
  const other = await http.call(admin, 'POST', '/teams', { body: { name: 'Twice' }, once });
  expect(other).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_MISMATCH' } });
  const path = `/teams/${String(first.body['team_id'])}`;
  const changed = await patch(path, { name: 'Changed' }, once);
  await patch(path, { name: 'Changed again' });
  expect(await patch(path, { name: 'Changed' }, once)).toEqual(changed);
  expect((await http.call(admin, 'GET', path)).body).toMatchObject({ name: 'Changed again' });
  expect((await http.call(admin, 'DELETE', path, { once })).status).toBe(204);
  expect((await http.call(admin, 'DELETE', path, { once })).status).toBe(204);
  expect((await http.call(admin, 'DELETE', path)).status).toBe(404);
});

test('the same key many times at once makes one thing; who is too early is told to come again', async () => {
  const once = randomUUID();
  const body = { username: `once-${randomUUID()}`, password: 'a long password', name: 'Once', role: 'agent' };
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => http.call(admin, 'POST', '/agents', { body, once })),
  );
  const made = answers.filter(({ status }) => status === 201).map(({ body: agent }) => agent['agent_id']);
  const early = answers.filter(({ status }) => status === 409).map(({ body: problem }) => problem['code']);
  expect(made.length + early.length).toBe(20);
  expect(new Set(made).size).toBe(1);
  expect(new Set(early).size <= 1 && early.every((code) => code === 'IN_PROGRESS')).toBe(true);
  expect(await auditOf(made[0])).toHaveLength(1);
});

test('what is kept to know a repeat by is of no use to who tries passwords on it', async () => {
  const once = randomUUID();
  const body = { username: `kept-${once}`, password: 'a long password', name: 'Kept', role: 'agent' };
  await http.call(admin, 'POST', '/agents', { body, once });
  const kept = await fixture.database.query('SELECT body_hash, answer FROM idempotency_keys');
  expect(JSON.stringify(kept)).not.toContain(body.password);
  expect(kept.map(({ body_hash }) => body_hash)).not.toContain(hash('sha256', JSON.stringify(body)));
});

test('ids that are none, or of another kind, name nothing', async () => {
  for (const id of ['team_nonsense', newId('team'), newId('agt'), '%27', '__proto__']) {
    expect((await http.call(admin, 'GET', `/teams/${id}`)).status).toBe(404);
    expect((await patch(`/teams/${id}`, { name: 'x' })).status).toBe(404);
    expect((await http.call(admin, 'DELETE', `/teams/${id}`)).status).toBe(404);
  }
});

test('a timer that is switched on reaches the open sessions in which nothing was to come due, and no others', async () => {
  const { session_id } = await fixture.session();
  const { session_id: ended } = await fixture.session();
  await fixture.commands.runAsEngine(ended, { type: 'close' });
  const isDue = async (id: string) => {
    const rows = await fixture.database.query('SELECT due_at <= NOW(6) AS is_due FROM sessions WHERE session_id = ?', [
      id,
    ]);
    return Number(rows[0]?.['is_due'] ?? 0) === 1;
  };
  const team = `/teams/${fixture.team_id}`;
  const channel = `/channels/${fixture.channel_id}`;
  const timers = { waiting_seconds: 60 };
  for (const [path, body, isReached] of [
    [team, { first_reply_seconds: 60 }, true],
    [team, { next_reply_seconds: 60 }, true],
    [team, { name: 'Other' }, false],
    [channel, { timers }, true],
    [channel, { timers, name: 'Other' }, false],
  ] as const) {
    await fixture.database.query('UPDATE sessions SET due_at = NULL');
    expect((await patch(path, body)).status).toBe(200);
    expect([await isDue(session_id), await isDue(ended)]).toEqual([isReached, false]);
  }
});
