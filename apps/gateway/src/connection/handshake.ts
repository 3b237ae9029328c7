import { errors, jwtVerify } from 'jose';
import {
  AGENT_AUDIENCE,
  PROTOCOL_VERSION,
  readClaims,
  Refusal,
  TOKEN_ALGORITHM,
  TOKEN_ISSUER,
  VISITOR_AUDIENCE,
} from '#libs/contracts';
import type { Person } from '#libs/domain';
import type { SigningKeys } from './signing-keys.ts';

/** Far more than our tokens need; verifying costs by length. */
const MAX_TOKEN_LENGTH = 8_192;

/** Who stands behind a handshake, and how it wants to be spoken to. */
export interface Admitted {
  readonly person: Person;
  readonly isBinary: boolean;
  /** When the token expires, in milliseconds since 1970. */
  readonly expiresAt: number;
}

/**
 * Judges a handshake's `auth`. Fields it does not know are left to later protocols.
 * @throws Refusal UNSUPPORTED_PROTOCOL, UNAUTHENTICATED, or UNAVAILABLE when the token's key can't be had now
 */
export async function admit(auth: Readonly<Record<string, unknown>>, keys: SigningKeys): Promise<Admitted> {
  const { token, protocol, codec } = auth;
  if (protocol !== PROTOCOL_VERSION) throw new Refusal('UNSUPPORTED_PROTOCOL');
  if (codec !== undefined && codec !== 'json' && codec !== 'binary') throw new Refusal('UNSUPPORTED_PROTOCOL');
  if (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH) throw new Refusal('UNAUTHENTICATED');
  return { ...(await verify(token, keys)), isBinary: codec === 'binary' };
}

async function verify(token: string, keys: SigningKeys): Promise<Pick<Admitted, 'person' | 'expiresAt'>> {
  try {
    const { payload } = await jwtVerify(token, ({ kid = '' }) => keys.get(kid), {
      algorithms: [TOKEN_ALGORITHM],
      issuer: TOKEN_ISSUER,
      audience: [AGENT_AUDIENCE, VISITOR_AUDIENCE],
      requiredClaims: ['exp', 'sub'],
    });
    const person = readClaims(payload);
    if (!person) throw new Refusal('UNAUTHENTICATED', { detail: 'the claims fit no kind of token' });
    return { person, expiresAt: (payload.exp ?? 0) * 1_000 };
  } catch (error) {
    if (error instanceof errors.JOSEError) throw new Refusal('UNAUTHENTICATED', { detail: error.code });
    throw error;
  }
}
