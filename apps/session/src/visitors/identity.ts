import { createHmac, timingSafeEqual } from 'node:crypto';
import { decodeJwt, errors, jwtVerify } from 'jose';
import { z } from 'zod';
import { type BootBody, type ErrorCode, Refusal, unicode } from '#libs/contracts';

/** Who a customer's page says the visitor is; `isSigned` when the channel's secret proves it. */
export interface Identity {
  user_id: string;
  name?: string | undefined;
  email?: string | undefined;
  phone?: string | undefined;
  attributes?: Record<string, string> | undefined;
  isSigned: boolean;
}

const claims = z.object({
  sub: z.string().min(1).max(128),
  name: z.string().min(1).max(100).optional(),
  email: z.string().min(1).max(254).optional(),
  phone: z.string().max(40).optional(),
  attributes: z.record(unicode(64), unicode(1_000)).optional(),
});
/** Ids of our own kinds would let an integrator's user pass for somebody else's visitor. */
const RESERVED = /^(vis|agt|ses)_/;

/** @throws Refusal UNAUTHENTICATED for a signature, a token or a user id that won't do. */
export async function readIdentity(
  identity: NonNullable<BootBody['identity']>,
  channel_id: string,
  secret: string,
): Promise<Identity> {
  const found = 'jwt' in identity ? await readJwt(identity.jwt, channel_id, secret) : readHash(identity, secret);
  requireForeign(found.user_id, 'UNAUTHENTICATED');
  return found;
}

/** @throws Refusal with the code, for an integrator's user id that begins like one of ours */
export function requireForeign(user_id: string, code: ErrorCode): void {
  if (RESERVED.test(user_id)) throw new Refusal(code, { detail: 'user_id may not begin like our own ids' });
}

function readHash(
  { user_hash, ...rest }: Exclude<NonNullable<BootBody['identity']>, { jwt: string }>,
  secret: string,
): Identity {
  if (user_hash === undefined) return { ...rest, isSigned: false };
  const expected = createHmac('sha256', secret).update(rest.user_id).digest();
  if (!timingSafeEqual(expected, Buffer.from(user_hash, 'hex'))) throw new Refusal('UNAUTHENTICATED');
  return { ...rest, isSigned: true };
}

async function readJwt(jwt: string, channel_id: string, secret: string): Promise<Identity> {
  try {
    if (decodeJwt(jwt).exp === undefined) throw new Refusal('UNAUTHENTICATED');
    const { payload } = await jwtVerify(jwt, Buffer.from(secret), { algorithms: ['HS256'], audience: channel_id });
    const { sub, ...rest } = claims.parse(payload);
    return { user_id: sub, ...rest, isSigned: true };
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof z.ZodError) throw new Refusal('UNAUTHENTICATED');
    throw error;
  }
}
