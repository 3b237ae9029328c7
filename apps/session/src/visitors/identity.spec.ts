import { createHmac } from 'node:crypto';
import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { Refusal } from '#libs/contracts';
import { type Identity, readIdentity } from './identity.ts';

const SECRET = 'a secret of the channel';
const CHANNEL = 'chn_01m86sxs0zebssw365jzcqd21r';

const hashOf = (user_id: string, secret = SECRET) => createHmac('sha256', secret).update(user_id).digest('hex');
function jwt(claims: Record<string, unknown>, { secret = SECRET, audience = CHANNEL, expires = '1m' } = {}) {
  const signing = new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setAudience(audience);
  return (expires ? signing.setExpirationTime(expires) : signing).sign(Buffer.from(secret));
}
const outcome = (identity: Parameters<typeof readIdentity>[0]): Promise<Identity | string> =>
  readIdentity(identity, CHANNEL, SECRET).catch((error: unknown) => {
    if (error instanceof Refusal) return error.code;
    throw error;
  });

test('the hash of the user id under the channel secret is a signature; without one it is only a claim', async () => {
  expect(await outcome({ user_id: 'u1', user_hash: hashOf('u1') })).toMatchObject({ user_id: 'u1', isSigned: true });
  expect(await outcome({ user_id: 'u1' })).toMatchObject({ user_id: 'u1', isSigned: false });
});

test.each([hashOf('u2'), hashOf('u1', 'another secret'), '0'.repeat(64)])(
  'the hash %s is refused',
  async (user_hash) => {
    expect(await outcome({ user_id: 'u1', user_hash })).toBe('UNAUTHENTICATED');
  },
);

test('a token of the channel says who it is', async () => {
  const token = await jwt({ sub: 'u1', name: 'Anna', attributes: { plan: 'gold' } });
  expect(await outcome({ jwt: token })).toMatchObject({ user_id: 'u1', name: 'Anna', isSigned: true });
});

test('tokens that are expired, for ever, of another secret or channel, or no tokens are refused', async () => {
  const wrong = [
    await jwt({ sub: 'u1' }, { expires: '-1m' }),
    await jwt({ sub: 'u1' }, { expires: '' }),
    await jwt({ sub: 'u1' }, { secret: 'another secret' }),
    await jwt({ sub: 'u1' }, { audience: 'chn_other' }),
    await jwt({ name: 'nobody' }),
    await jwt({ sub: 'u1', name: 'x'.repeat(101) }),
    await jwt({ sub: 'u1', attributes: { plan: '\ud83d' } }),
    'x.y.z',
  ];
  for (const token of wrong) expect(await outcome({ jwt: token })).toBe('UNAUTHENTICATED');
});

test.each(['vis_x', 'agt_x', 'ses_x'])('the user id %s would pass for one of ours', async (user_id) => {
  expect(await outcome({ user_id, user_hash: hashOf(user_id) })).toBe('UNAUTHENTICATED');
  expect(await outcome({ jwt: await jwt({ sub: user_id }) })).toBe('UNAUTHENTICATED');
});
