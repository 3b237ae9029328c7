import { afterAll, beforeAll, expect, test } from 'vitest';
import { SessionFixture } from '../../fixture/session-fixture.ts';
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
  boot = new Boot(fixture.dataSource, tokens, sealing, fixture.find);
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
