import { afterAll, beforeAll, expect, test } from 'vitest';
import { SessionFixture } from '../../fixture/session-fixture.ts';
import { BusinessHoursRow } from '../database/entities.ts';
import { newId } from '../database/ids.ts';
import { Sealing } from '../people/sealing.ts';
import { SigningKeys } from '../people/signing-keys.ts';
import { Tokens } from '../people/tokens.ts';
import { Boot } from './boot.ts';

let fixture: SessionFixture;
let boot: Boot;
beforeAll(async () => {
  fixture = await SessionFixture.open();
  const sealing = new Sealing('a key for this test');
  const keys = new SigningKeys(fixture.dataSource, sealing);
  await keys.load();
  const tokens = new Tokens(keys, { access_token_seconds: 60, visitor_token_days: 1 });
  const { find, lifecycle } = fixture;
  boot = new Boot(fixture.dataSource, tokens, sealing, { find, queueStore: lifecycle.queueStore });
  await fixture.database.query('UPDATE channels SET identity_secret_encrypted = ?', [sealing.seal('secret')]);
});
afterAll(() => fixture.close());

test('a misspelt channel leaves no trace of the user', async () => {
  await expect(boot.forUser(newId('chn'), 'user-1')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const { visitor_id } = await boot.forUser(fixture.channel_id, 'user-1');
  const rows = await fixture.database.query('SELECT visitor_id FROM visitors WHERE user_id = ?', ['user-1']);
  expect(rows).toEqual([{ visitor_id }]);
});

test('a visitor who comes back sees the open session with what is unread', async () => {
  const { channel_id } = fixture;
  const first = await boot.run({ channel_id });
  expect(first.session).toBeNull();
  const { visitor_id } = first.visitor;
  const { session_id } = await fixture.open(visitor_id);
  await fixture.database.query(
    `INSERT INTO messages (session_id, seq_id, message_id, type, sender, sender_role, target, content, send_time, client_msg_id)
     VALUES (?, 1, ?, 'text', ?, 'agent', ?, 'hello', 1, UUID())`,
    [session_id, newId('msg'), newId('agt'), session_id],
  );
  const { session, visitor } = await boot.run({ channel_id, visitor_token: first.visitor_token });
  expect(visitor).toEqual(first.visitor);
  expect(session).toMatchObject({ session_id, last_seq_id: 1, unread_count: 1 });
  expect(session).not.toHaveProperty('priority');
});

test('the channel is shown as it was set, but for its timers, and as open by the hours of its team', async () => {
  const { channel_id } = fixture;
  const set = (settings: object) =>
    fixture.database.query('UPDATE channels SET settings = ? WHERE channel_id = ?', [
      JSON.stringify(settings),
      channel_id,
    ]);
  const bare = { theme: {}, texts: {}, pre_chat: [], hot_questions: [] };
  const { channel } = await boot.run({ channel_id });
  expect(channel).toEqual({ ...bare, channel_id, name: 'Shop', bot: 'none', open: true });
  const looks = { theme: { color: '#112233' }, texts: { greeting: { en: 'Hello' } }, hot_questions: ['Where?'] };
  await set({ ...looks, timers: { close_seconds: 1 }, return_to_agent: true });
  const hours = { business_hours_id: newId('hrs'), name: 'Never', time_zone: 'UTC', week: {}, days: [] };
  await fixture.dataSource.manager.insert(BusinessHoursRow, {
    ...hours,
    created_at: new Date(),
    updated_at: new Date(),
  });
  await fixture.database.query('UPDATE teams SET business_hours_id = ?', [hours.business_hours_id]);
  const closed = await boot.run({ channel_id });
  expect(closed.channel).toEqual({ ...channel, ...looks, open: false });
  await set({});
  await fixture.database.query('UPDATE teams SET business_hours_id = NULL');
});

test('where a visitor is, and in which language, is kept as it was said last', async () => {
  const { channel_id } = fixture;
  const read = async (visitor_id: string) => {
    const [row] = await fixture.database.query('SELECT locale, page FROM visitors WHERE visitor_id = ?', [visitor_id]);
    const { locale, page } = row ?? {};
    return { locale, page: typeof page === 'string' ? (JSON.parse(page) as unknown) : page };
  };
  const first = { url: 'https://shop.example/shoes', title: '鞋', referrer: '' };
  const { visitor, visitor_token } = await boot.run({ channel_id, locale: 'en', page: first });
  expect(await read(visitor.visitor_id)).toEqual({ locale: 'en', page: first });
  const second = { url: 'https://shop.example/basket' };
  await boot.run({ channel_id, visitor_token, locale: 'zh-CN', page: second });
  expect(await read(visitor.visitor_id)).toEqual({ locale: 'zh-CN', page: second });
  await boot.run({ channel_id, visitor_token });
  expect(await read(visitor.visitor_id)).toEqual({ locale: 'zh-CN', page: second });
});

test("the integrator's data stay what they are, whatever page the visitor is on", async () => {
  const { channel_id } = fixture;
  const { visitor, visitor_token } = await boot.run({
    channel_id,
    identity: { user_id: 'user-2', name: 'Anna', attributes: { plan: 'gold' } },
  });
  const attributes = { plan: 'gold', claimed_user_id: 'user-2' };
  expect(visitor).toMatchObject({ name: 'Anna', attributes });
  const page = { url: 'https://shop.example/' };
  const again = await boot.run({ channel_id, visitor_token, page });
  expect(again.visitor).toEqual(visitor);
  const told = await boot.run({
    channel_id,
    visitor_token,
    identity: { user_id: 'user-2', attributes: { size: '42' } },
  });
  expect(told.visitor.attributes).toEqual({ ...attributes, size: '42' });
});
