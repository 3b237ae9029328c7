import { hash } from '@node-rs/argon2';
import { generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Refusal } from '#libs/contracts';
import { SessionFixture } from '../../fixture/session-fixture.ts';
import { Sealing } from './sealing.ts';
import { SignIn } from './sign-in.ts';
import { SigningKeys } from './signing-keys.ts';
import { Tokens } from './tokens.ts';

const LOCK_AFTER = 5;
let fixture: SessionFixture;
let keys: SigningKeys;
let tokens: Tokens;
let signIn: SignIn;
beforeAll(async () => {
  fixture = await SessionFixture.open();
  const sealing = new Sealing('a key for this test');
  keys = new SigningKeys(fixture.dataSource, sealing);
  // Replicas that start at once agree on one key.
  await Promise.all([keys, new SigningKeys(fixture.dataSource, sealing)].map((one) => one.load()));
  tokens = new Tokens(keys, { access_token_seconds: 60, visitor_token_days: 1 });
  signIn = new SignIn(fixture.dataSource, tokens, {
    lock_after_failures: LOCK_AFTER,
    lock_minutes: 15,
    refresh_token_days: 1,
  });
});
afterAll(() => fixture.close());

async function person(): Promise<string> {
  const agent_id = await fixture.agent();
  await fixture.database.query('UPDATE agents SET password_hash = ? WHERE agent_id = ?', [
    await hash('right'),
    agent_id,
  ]);
  return agent_id;
}
const codeOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'in',
    (error: unknown) => (error instanceof Refusal ? error.code : String(error)),
  );

test('replicas that start at once publish one signing key', () => {
  expect(keys.jwks.keys).toHaveLength(1);
});

test('the right password gives a token that says who it is', async () => {
  const username = await person();
  const { access_token, user } = await signIn.withPassword(username, 'right');
  expect(user).toMatchObject({ username, team_ids: [fixture.team_id], role: 'agent' });
  expect(await tokens.verify(access_token)).toEqual({
    kind: 'agent',
    agent_id: username,
    role: 'agent',
    team_ids: [fixture.team_id],
  });
});

test('wrong passwords lock at exactly the limit, also when they come all at once', async () => {
  const username = await person();
  const codes = await Promise.all(Array.from({ length: 20 }, () => codeOf(signIn.withPassword(username, 'wrong'))));
  expect(codes.filter((code) => code === 'UNAUTHENTICATED')).toHaveLength(LOCK_AFTER);
  expect(codes.filter((code) => code === 'ACCOUNT_LOCKED')).toHaveLength(20 - LOCK_AFTER);
  expect(await codeOf(signIn.withPassword(username, 'right'))).toBe('ACCOUNT_LOCKED');
});

test('an unknown name is refused like a wrong password', async () => {
  expect(await codeOf(signIn.withPassword('nobody', 'right'))).toBe('UNAUTHENTICATED');
});

test('a refresh token works once; a second use ends its whole family', async () => {
  const username = await person();
  const first = await signIn.withPassword(username, 'right');
  const second = await signIn.withRefreshToken(first.refresh_token);
  expect(await codeOf(signIn.withRefreshToken(first.refresh_token))).toBe('UNAUTHENTICATED');
  expect(await codeOf(signIn.withRefreshToken(second.refresh_token))).toBe('UNAUTHENTICATED');
});

test('a family of refresh tokens has one name, and it is no id of ours', async () => {
  const username = await person();
  const { refresh_token } = await signIn.withPassword(username, 'right');
  await signIn.withRefreshToken(refresh_token);
  const rows = await fixture.database.query('SELECT family_id FROM refresh_tokens WHERE agent_id = ?', [username]);
  expect(rows).toHaveLength(2);
  expect(rows[0]?.['family_id']).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(rows[1]).toEqual(rows[0]);
});

test('a refresh token used twice at once leaves nobody signed in', async () => {
  const username = await person();
  const { refresh_token } = await signIn.withPassword(username, 'right');
  const ends = await Promise.allSettled(Array.from({ length: 6 }, () => signIn.withRefreshToken(refresh_token)));
  const admitted = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
  expect(admitted.length).toBeLessThanOrEqual(1);
  for (const { refresh_token: next } of admitted) {
    expect(await codeOf(signIn.withRefreshToken(next))).toBe('UNAUTHENTICATED');
  }
});

test('tokens of other keys, issuers and audiences, and none at all, are refused', async () => {
  const header = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
  const body = Buffer.from(JSON.stringify({ sub: 'agt_x', aud: 'seqdesk/agent', iss: 'seqdesk' })).toString(
    'base64url',
  );
  const { kid, key } = keys.signing;
  const sign = (issuer: string, audience: string, by = key) =>
    new SignJWT({ role: 'admin', team_ids: [] })
      .setProtectedHeader({ alg: 'EdDSA', kid })
      .setSubject('agt_01m8e21ymqeq9be0kpbm8hvf4e')
      .setIssuer(issuer)
      .setAudience(audience)
      .setExpirationTime('1h')
      .sign(by);
  expect(await tokens.verify(await sign('seqdesk', 'seqdesk/agent'))).toMatchObject({ kind: 'agent' });
  const { privateKey } = await generateKeyPair('EdDSA');
  const wrong = await Promise.all([
    sign('elsewhere', 'seqdesk/agent'),
    sign('seqdesk', 'elsewhere'),
    sign('seqdesk', 'seqdesk/agent', privateKey),
  ]);
  for (const token of ['', 'x.y.z', `${header}.${body}.`, ...wrong]) {
    expect(await codeOf(tokens.verify(token))).toBe('UNAUTHENTICATED');
  }
});
