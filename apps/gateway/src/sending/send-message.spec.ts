import { expect, test } from 'vitest';
import { draft as draftSchema, Refusal, type SessionRoute } from '#libs/contracts';
import type { Person } from '#libs/domain';
import { agent, ids, visitor } from '../../fixture/connection-fixture.ts';
import { MayWrite } from './may-write.ts';
import { type InboundRecord, SendMessage } from './send-message.ts';
import { toAckError } from './to-socket-error.ts';

const session_id = ids.session('1');
const route: SessionRoute = {
  session_id,
  state: 'serving',
  version: 1,
  channel_id: ids.channel('9'),
  team_id: ids.team('1'),
  visitor_id: ids.visitor('1'),
  agent_id: ids.agent('1'),
};
const text = {
  session_id,
  client_msg_id: '0198C0DE-0000-7000-8000-00000000000A',
  type: 'text',
  content: '退货流程是什么?',
};

function make(more: { check?: () => Promise<void>; produce?: () => Promise<void>; known?: boolean } = {}) {
  const produced: InboundRecord[] = [];
  const steps: string[] = [];
  const sending = new SendMessage({
    mayWrite: new MayWrite(() => Promise.resolve(more.known === false ? undefined : route)),
    check: async () => {
      steps.push('check');
      await more.check?.();
    },
    produce: async (record) => {
      steps.push('produce');
      produced.push(record);
      await more.produce?.();
    },
    failpoints: { hit: (name) => steps.push(name) },
  });
  return { sending, produced, steps, draft: () => draftSchema.parse(JSON.parse(produced[0]?.value ?? 'null')) };
}
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'ok',
    (error: unknown) => (error as Refusal).code,
  );

test('a draft goes to its session with what is needed to open it anew, and the ack names it', async () => {
  const { sending, produced, draft, steps } = make();
  const sent = await sending.run(visitor, text);
  expect(produced[0]).toMatchObject({
    key: session_id,
    headers: { channel_id: ids.channel('9'), visitor_id: ids.visitor('1') },
  });
  expect(draft()).toMatchObject({
    ...sent,
    session_id,
    type: 'text',
    content: text.content,
    sender: ids.visitor('1'),
    sender_role: 'visitor',
    target: session_id,
    client_msg_id: text.client_msg_id.toLowerCase(),
    reply_to: null,
  });
  expect(sent.send_time).toMatch(/^\d{19}$/);
  expect(steps).toEqual(['gateway.after_receive', 'produce', 'gateway.after_produce']);
});

test('a resend is the same message, in whatever case its UUID is written; another sender is another message', async () => {
  const run = async (person: Person, client_msg_id: string) =>
    (await make().sending.run(person, { ...text, client_msg_id })).message_id;
  const first = await run(visitor, text.client_msg_id);
  expect(await run(visitor, text.client_msg_id.toLowerCase())).toBe(first);
  expect(await run(agent, text.client_msg_id)).not.toBe(first);
});

test('the ack waits for Kafka, and its refusal is no ack', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isAcked = false;
  const sending = make({ produce: () => promise })
    .sending.run(visitor, text)
    .then(() => (isAcked = true));
  await new Promise(setImmediate);
  expect(isAcked).toBe(false);
  resolve();
  await sending;
  expect(isAcked).toBe(true);
  const failing = make({ produce: () => Promise.reject(new Refusal('UNAVAILABLE')) });
  expect(await codeOf(failing.sending.run(visitor, text))).toBe('UNAVAILABLE');
  expect(failing.steps).not.toContain('gateway.after_produce');
});

test.each([
  ['a quote', { ...text, reply_to: ids.message('1') }],
  ['a card', { ...text, type: 'card', content: { title: 'Shoes' } }],
  ['a recall', { ...text, type: 'recall', content: { message_id: ids.message('1') } }],
])('%s is asked of session first, and nothing is produced when it says no', async (_name, message) => {
  const fine = make();
  await fine.sending.run(agent, message);
  expect(fine.steps.filter((step) => !step.startsWith('gateway'))).toEqual(['check', 'produce']);
  const refused = make({ check: () => Promise.reject(new Refusal('FORBIDDEN')) });
  expect(await codeOf(refused.sending.run(agent, message))).toBe('FORBIDDEN');
  expect(refused.produced).toEqual([]);
});

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['an unknown field', { ...text, sender: 'agt' }],
  ['an unknown type', { ...text, type: 'system' }],
  ['no words', { ...text, content: '' }],
  ['too many words', { ...text, content: 'x'.repeat(10_001) }],
  ['a lone surrogate', { ...text, content: '\ud800' }],
  ['a UUID that is none', { ...text, client_msg_id: 'me' }],
  ['another kind of id', { ...text, session_id: ids.visitor('1') }],
])('%s is VALIDATION_FAILED and goes nowhere', async (_name, data) => {
  const { sending, produced } = make();
  expect(await codeOf(sending.run(visitor, data))).toBe('VALIDATION_FAILED');
  expect(produced).toEqual([]);
});

test('the client is told the name of a field that nobody knows', async () => {
  const refused = await make()
    .sending.run(visitor, { ...text, sender: 'agt' })
    .catch((error: unknown) => toAckError(error, 'en'));
  expect(refused).toMatchObject({ code: 'VALIDATION_FAILED', message: 'The request is not valid. (sender)' });
});

test('an unknown session takes no message', async () => {
  const { sending, produced } = make({ known: false });
  expect(await codeOf(sending.run(visitor, text))).toBe('NOT_FOUND');
  expect(produced).toEqual([]);
});
