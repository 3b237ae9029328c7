import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { AgentId } from '#libs/protocol';
import { waitUntil } from '#libs/testing';
import { HttpFixture } from '../../fixture/http-fixture.ts';
import { SessionFixture } from '../../fixture/session-fixture.ts';
import { Settings } from '../settings/settings.ts';
import { Agents } from './agents.ts';
import { PeopleController } from './people.controller.ts';
import { Sealing } from './sealing.ts';

let fixture: SessionFixture;
let http: HttpFixture;
let anna: AgentId;
let token: string;
beforeAll(async () => {
  fixture = await SessionFixture.open();
  const settings = new Settings(fixture.dataSource, fixture.queue, new Sealing('a key for this test'));
  http = await HttpFixture.open(
    fixture,
    [PeopleController],
    [
      { provide: Settings, useValue: settings },
      { provide: Agents, useValue: fixture.agents },
    ],
  );
});
afterAll(async () => {
  await http.close();
  await fixture.close();
});
beforeEach(async () => {
  await fixture.database.query("UPDATE agents SET status = 'away'");
  anna = await fixture.agent();
  token = await http.tokens.signAgent({ sub: anna, role: 'agent', team_ids: [fixture.team_id] });
});

const patch = (body: object, once?: string) =>
  http.call(token, 'PATCH', '/me', { body, ...(once === undefined ? {} : { once }) });
const auditOf = async (agent_id: AgentId) =>
  (await fixture.database.query('SELECT action FROM audit_log WHERE subject = ? ORDER BY audit_id', [agent_id])).map(
    ({ action }) => action,
  );

test('name, language and status are set, each with its audit line', async () => {
  const { status, body } = await patch({ name: 'Anna B', locale: 'zh-CN', status: 'online' });
  expect(status).toBe(200);
  expect(body).toMatchObject({ agent_id: anna, name: 'Anna B', locale: 'zh-CN', status: 'online' });
  expect((await http.call(token, 'GET', '/me')).body).toEqual(body);
  expect(await auditOf(anna)).toEqual(['agent.status', 'agent.update']);
});

test('who comes online is given what waits', async () => {
  const { session_id } = await fixture.session();
  await patch({ status: 'online' });
  await waitUntil('it to be served', async () => (await fixture.get(session_id)).agent_id === anna);
});

test('the same key repeats the answer and changes nothing; with another body it is refused', async () => {
  const key = randomUUID();
  const first = await patch({ status: 'busy' }, key);
  await patch({ status: 'away' });
  expect(await patch({ status: 'busy' }, key)).toEqual(first);
  expect((await fixture.getAgent(anna)).status).toBe('away');
  expect(await patch({ status: 'online' }, key)).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_MISMATCH' } });
});

test('what is not one’s own to set is refused, and nothing of it is done', async () => {
  for (const body of [{ status: 'busy', role: 'admin' }, { status: 'busy', capacity: 99 }, { status: 'asleep' }]) {
    expect(await patch(body)).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
  }
  expect(await fixture.getAgent(anna)).toMatchObject({ status: 'away', role: 'agent' });
});
