import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Refusal, type SendBody } from '#libs/contracts';
import { SessionFixture } from '../../fixture/session-fixture.ts';
import { newId } from '../database/ids.ts';
import { MessageRules } from '../log/message-rules.ts';
import { Sending } from '../log/sending.ts';
import { Boot } from '../visitors/boot.ts';
import { SessionsController } from './sessions.controller.ts';

const key = { kind: 'key', key_id: newId('key'), scopes: ['admin'], sender_names: ['shop'] } as const;
const by = { id: key.key_id };
let fixture: SessionFixture;
let controller: SessionsController;
let sending: Sending;
beforeAll(async () => {
  fixture = await SessionFixture.open();
  const { dataSource, find, opening, lifecycle } = fixture;
  // Of its parts only those are met that find and make visitors.
  const { queueStore } = lifecycle;
  const boot = new Boot(dataSource, undefined as never, undefined as never, { find, queueStore });
  controller = new SessionsController(opening, fixture.lifecycle.edits, fixture.lifecycle.notes, find, boot);
  sending = new Sending({
    dataSource,
    find,
    opening,
    boot,
    rules: new MessageRules(dataSource),
    produce: async (topic, record) => void fixture.published.push({ topic, ...record }),
  });
});
afterAll(() => fixture.close());

const setBot = (bot: string) => fixture.database.query('UPDATE channels SET bot = ?', [bot]);
const notice = (to: string, more: Partial<SendBody> = {}) =>
  sending.toUser({ from: 'shop', to, type: 'text', content: 'shipped', ...more } as SendBody, key, undefined);
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof Refusal ? `${error.code} ${error.message}` : String(error)),
  );

test.each([
  ['none', 'waiting'],
  ['builtin', 'bot'],
])('where the bot is %s, a session that a program opens begins as %s', async (bot, state) => {
  const { channel_id } = fixture;
  await setBot(bot);
  const session = await controller.open(key, { channel_id, visitor: { user_id: randomUUID() } }, by, undefined);
  await setBot('none');
  expect(session).toMatchObject({ state, origin: 'api', enqueued_at: state === 'bot' ? null : expect.any(String) });
});

test("a notice's session stays with the bot, also where there is none", async () => {
  const { session_id } = await notice(await fixture.visitor());
  expect(await fixture.sessions.find(session_id)).toMatchObject({ state: 'bot', origin: 'api', enqueued_at: null });
});

test('a channel that is not the one of the visitor is refused, whoever names it', async () => {
  const channel_id = newId('chn');
  const { session_id, visitor_id } = await fixture.session();
  const ends = await Promise.all([
    refusal(controller.open(key, { channel_id, visitor: { visitor_id } }, by, undefined)),
    refusal(controller.open(fixture.asVisitor(visitor_id), { channel_id }, by, undefined)),
    refusal(notice(visitor_id, { channel_id })),
    refusal(notice(session_id, { channel_id })),
  ]);
  expect(new Set(ends)).toEqual(new Set(['VALIDATION_FAILED channel_id: is not the channel of this visitor']));
  const own = await controller.open(fixture.asVisitor(visitor_id), { channel_id: fixture.channel_id }, by, undefined);
  expect(own.session_id).toBe(session_id);
});

test('a notice to a closed session opens a follow-up that is told to be the work of the program', async () => {
  const { session_id, visitor_id } = await fixture.session();
  await fixture.commands.run(session_id, { type: 'close' }, fixture.asVisitor(visitor_id), { id: visitor_id });
  const sent = await notice(session_id);
  expect(await fixture.sessions.find(sent.session_id)).toMatchObject({
    previous_session_id: session_id,
    origin: 'api',
    state: 'bot',
  });
  const audit = await fixture.database.query('SELECT actor, action FROM audit_log WHERE subject = ?', [
    sent.session_id,
  ]);
  expect(audit).toEqual([{ actor: key.key_id, action: 'session.open' }]);
});

test.each([true, false])(
  'of two bodies at once under one Idempotency-Key one is sent, the other is a mistake; named by a client_msg_id: %s',
  async (isNamed) => {
    const to = await fixture.visitor();
    for (let round = 0; round < 20; round += 1) {
      const idempotency_key = randomUUID();
      const before = fixture.published.length;
      const ends = await Promise.all(
        ['one', 'other'].map((content) => {
          const named = isNamed ? { client_msg_id: randomUUID() } : {};
          const body = { from: 'shop', to, type: 'text', content, ...named } as SendBody;
          return refusal(sending.toUser(body, key, idempotency_key));
        }),
      );
      expect(ends.map((end) => String(end.split(' ')[0])).toSorted()).toEqual(['IDEMPOTENCY_MISMATCH', 'done']);
      const sent = fixture.published.slice(before).filter(({ value }) => String(value).includes('"sender":"shop"'));
      expect(sent).toHaveLength(1);
    }
  },
);
