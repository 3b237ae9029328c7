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
  boot = new Boot(fixture.dataSource, tokens, sealing, fixture.sessions);
});
afterAll(() => fixture.close());

test('a misspelt channel leaves no trace of the user', async () => {
  await expect(boot.forUser(newId('chn'), 'user-1')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const { visitor_id } = await boot.forUser(fixture.channel_id, 'user-1');
  const rows = await fixture.database.query('SELECT visitor_id FROM visitors WHERE user_id = ?', ['user-1']);
  expect(rows).toEqual([{ visitor_id }]);
});
