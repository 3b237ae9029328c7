import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { beforeAll, expect, test } from 'vitest';
import { AGENT_AUDIENCE, Refusal, TOKEN_ISSUER, VISITOR_AUDIENCE } from '#libs/contracts';
import { ids } from '../../fixture/connection-fixture.ts';
import { admit } from './handshake.ts';
import { SigningKeys } from './signing-keys.ts';

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
let ours: Pair;
let theirs: Pair;
let keys: SigningKeys;

beforeAll(async () => {
  ours = await generateKeyPair('EdDSA', { extractable: true });
  theirs = await generateKeyPair('EdDSA', { extractable: true });
  const jwk = { ...(await exportJWK(ours.publicKey)), kty: 'OKP', kid: 'k1' };
  keys = new SigningKeys(() => Promise.resolve([jwk]));
});

interface Wish {
  claims?: Record<string, unknown>;
  audience?: string;
  issuer?: string;
  subject?: string;
  expires?: string | number;
  kid?: string;
  pair?: Pair;
}

function sign({ claims, audience, issuer, subject, expires, kid, pair }: Wish = {}): Promise<string> {
  return new SignJWT(claims ?? { channel_id: ids.channel('1') })
    .setProtectedHeader({ alg: 'EdDSA', kid: kid ?? 'k1' })
    .setSubject(subject ?? ids.visitor('1'))
    .setIssuer(issuer ?? TOKEN_ISSUER)
    .setAudience(audience ?? VISITOR_AUDIENCE)
    .setIssuedAt()
    .setExpirationTime(expires ?? '1h')
    .sign((pair ?? ours).privateKey);
}

const codeOf = async (auth: Record<string, unknown>, known = keys) => {
  const error: unknown = await admit(auth, known).catch((refusal: unknown) => refusal);
  return error instanceof Refusal ? error.code : error;
};

test('a visitor and an agent are who their tokens say', async () => {
  const visitor = await admit({ token: await sign(), protocol: 1 }, keys);
  expect(visitor).toMatchObject({
    person: { kind: 'visitor', visitor_id: ids.visitor('1'), channel_id: ids.channel('1') },
    isBinary: false,
  });
  expect(visitor.expiresAt - Date.now()).toBeGreaterThan(3_500_000);
  const claims = { role: 'supervisor', team_ids: [ids.team('1')] };
  const token = await sign({ claims, audience: AGENT_AUDIENCE, subject: ids.agent('1') });
  expect(await admit({ token, protocol: 1, codec: 'binary' }, keys)).toMatchObject({
    person: { kind: 'agent', agent_id: ids.agent('1'), role: 'supervisor', team_ids: [ids.team('1')] },
    isBinary: true,
  });
});

test.each<[string, Wish]>([
  ['expired', { expires: 1_000 }],
  ['of another issuer', { issuer: 'somebody' }],
  ['for another audience', { audience: 'seqdesk/other' }],
  ['of a visitor, shown as an agent', { audience: AGENT_AUDIENCE }],
  ['with a subject that is no id', { subject: 'root' }],
  ['naming an unknown key', { kid: 'k2' }],
])('a token %s is UNAUTHENTICATED', async (_name, wish) => {
  expect(await codeOf({ token: await sign(wish), protocol: 1 })).toBe('UNAUTHENTICATED');
});

test('a token signed by another key, without a signature, or none at all is UNAUTHENTICATED', async () => {
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{}').toString('base64url')}.`;
  const forged = await sign({ pair: theirs });
  for (const token of [forged, unsigned, 'x', '', 7, null, undefined, 'x'.repeat(10_000)]) {
    expect(await codeOf({ token, protocol: 1 })).toBe('UNAUTHENTICATED');
  }
});

test('another protocol or codec is named as what it is, whatever the token', async () => {
  for (const auth of [{}, { protocol: 2 }, { protocol: '1' }, { protocol: 1, codec: 'msgpack' }]) {
    expect(await codeOf({ token: 'x', ...auth })).toBe('UNSUPPORTED_PROTOCOL');
  }
});

test('a key that nobody can be asked for is a reason to try again, not a wrong token', async () => {
  const away = new SigningKeys(() => Promise.reject(new Refusal('UNAVAILABLE')));
  expect(await codeOf({ token: await sign(), protocol: 1 }, away)).toBe('UNAVAILABLE');
});

test('keys stay good while session is away, and one question serves all who wait', async () => {
  let asked = 0;
  const jwk = { ...(await exportJWK(ours.publicKey)), kty: 'OKP', kid: 'k1' };
  const once = new SigningKeys(() => {
    asked += 1;
    return asked === 1 ? Promise.resolve([jwk]) : Promise.reject(new Refusal('UNAVAILABLE'));
  });
  await Promise.all([once.get('k1'), once.get('k1'), once.get('k1')]);
  await once.get('k1');
  expect(asked).toBe(1);
});
