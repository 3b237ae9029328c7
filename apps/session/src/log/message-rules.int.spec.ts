import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Draft, Refusal, sendMessageBody } from '#libs/contracts';
import type { Caller } from '#libs/domain';
import { SessionFixture } from '../../fixture/session-fixture.ts';
import { newId } from '../database/ids.ts';
import { MessageRules } from './message-rules.ts';
import { Sending } from './sending.ts';

const key = { kind: 'key', key_id: newId('key'), scopes: ['messages:write'], sender_names: ['shop'] } as const;
const choices = { text: 'Which?', choices: [{ choice_id: '1', text: 'These' }] };
let fixture: SessionFixture;
let sending: Sending;
const produced: Draft[] = [];
beforeAll(async () => {
  fixture = await SessionFixture.open();
  const { dataSource, find, opening } = fixture;
  const rules = new MessageRules(dataSource);
  const produce = async (_topic: string, { value }: { value: string }) =>
    void produced.push(JSON.parse(value) as Draft);
  sending = new Sending({ dataSource, find, opening, boot: undefined as never, rules, produce });
});
afterAll(() => fixture.close());

const send = (session_id: string, caller: Caller, type: string, content: unknown) =>
  sending.toSession(session_id, sendMessageBody.parse({ client_msg_id: randomUUID(), type, content }), caller).then(
    () => 'sent',
    (error: unknown) => (error instanceof Refusal ? error.code : String(error)),
  );

test.each([
  ['notification', 'shipped'],
  ['choices', choices],
])('a program sends %s, and nobody else does', async (type, content) => {
  const { session_id, visitor_id } = await fixture.session();
  const agent_id = await fixture.agent();
  const agent = { kind: 'agent', agent_id, role: 'agent', team_ids: [fixture.team_id] } as const;
  await fixture.commands.run(session_id, { type: 'accept' }, agent, { id: agent_id });
  produced.length = 0;
  expect(await send(session_id, key, type, content)).toBe('sent');
  expect(await send(session_id, agent, type, content)).toBe('FORBIDDEN');
  const visitor = { kind: 'visitor', visitor_id, channel_id: fixture.channel_id } as const;
  expect(await send(session_id, visitor, type, content)).toBe('FORBIDDEN');
  expect(produced).toMatchObject([{ session_id, type, content, sender: 'shop', sender_role: 'api' }]);
});
