import { expect, test } from 'vitest';
import { bootBody, closeSessionBody, loginBody } from './rest.ts';

test('a one-time code is refused by name as long as nobody looks at it', () => {
  const login = { username: 'anna', password: 'secret' };
  expect(loginBody.parse(login)).toEqual(login);
  expect(loginBody.safeParse({ ...login, totp: '123456' }).error?.issues).toMatchObject([
    { path: ['totp'], message: 'one-time codes are not supported yet' },
  ]);
});

test('half a character in what is stored as JSON is refused here, not by the database', () => {
  const body = { channel_id: `chn_${'0'.repeat(26)}` };
  const cut = '\u{1F600}'.slice(0, 1);
  expect(bootBody.safeParse({ ...body, page: { title: 'x' } }).success).toBe(true);
  expect(bootBody.safeParse({ ...body, page: { title: cut } }).success).toBe(false);
  const identity = { user_id: 'u', attributes: { plan: cut } };
  expect(bootBody.safeParse({ ...body, identity }).success).toBe(false);
});

test.each(['reason', 'category'])('half a character in the %s of a closing is refused', (field) => {
  const cut = '\u{1F600}'.slice(0, 1);
  expect(closeSessionBody.safeParse({ [field]: 'done' }).success).toBe(true);
  expect(closeSessionBody.safeParse({ [field]: cut }).success).toBe(false);
});
