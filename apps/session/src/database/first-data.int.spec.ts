import { verify } from '@node-rs/argon2';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { SessionFixture } from '../../fixture/session-fixture.ts';
import { ApiKeys } from '../people/api-keys.ts';
import { Sealing } from '../people/sealing.ts';
import { placeFirstData } from './first-data.ts';

const sealing = new Sealing('a key for this test');
const first = {
  admin_username: 'root',
  admin_password: 'the first password',
  identity_secret: 'the first secret',
  api_key: `sk_${'a1'.repeat(20)}`,
};
const later = {
  admin_username: 'other',
  admin_password: 'another password',
  identity_secret: 'another secret',
  api_key: `sk_${'b2'.repeat(20)}`,
};

let fixture: SessionFixture;
beforeAll(async () => {
  fixture = await SessionFixture.open();
});
afterAll(() => fixture.close());
beforeEach(async () => {
  for (const table of ['agents', 'teams', 'channels', 'api_keys']) await fixture.database.query(`DELETE FROM ${table}`);
});

const place = (settings: typeof first) => placeFirstData(fixture.dataSource, settings, sealing);
const rowsOf = (table: string) => fixture.database.query(`SELECT * FROM ${table}`);

test('an empty installation gets an admin, a team, a channel and a key, all of which work', async () => {
  const { created, channel_id, team_id } = await place(first);
  expect(created).toEqual(['admin', 'team', 'channel', 'api_key']);
  const [admin] = await rowsOf('agents');
  expect(admin).toMatchObject({ username: 'root', role: 'admin', disabled: 0 });
  expect(await verify(String(admin?.['password_hash']), first.admin_password)).toBe(true);
  const [channel] = await rowsOf('channels');
  expect(channel).toMatchObject({ channel_id, team_id });
  expect(sealing.open(String(channel?.['identity_secret_encrypted']))).toBe(first.identity_secret);
  expect(await rowsOf('teams')).toMatchObject([{ team_id }]);
  expect(await new ApiKeys(fixture.dataSource).identify(first.api_key)).toMatchObject({ kind: 'key' });
});

test('a later run, with other settings too, changes nothing and tells the same ids', async () => {
  const { channel_id, team_id } = await place(first);
  const all = () => Promise.all(['agents', 'teams', 'channels', 'api_keys'].map(rowsOf));
  const before = await all();
  expect(await place(later)).toEqual({ created: [], channel_id, team_id });
  expect(await all()).toEqual(before);
});

test('two at once make one of each', async () => {
  await Promise.allSettled([place(first), place(first)]);
  const counts = await Promise.all(
    ['agents', 'teams', 'channels', 'api_keys'].map(async (table) => (await rowsOf(table)).length),
  );
  expect(counts).toEqual([1, 1, 1, 1]);
});

test('a name that belongs to an agent makes no admin of that agent', async () => {
  const agent_id = await fixture.agent();
  await expect(place({ ...first, admin_username: agent_id })).rejects.toThrow('no admin');
  expect(await rowsOf('agents')).toMatchObject([{ role: 'agent' }]);
  expect(await rowsOf('channels')).toEqual([]);
});
