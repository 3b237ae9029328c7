import { errors, jwtVerify, SignJWT } from 'jose';
import {
  AGENT_AUDIENCE,
  type AgentClaims,
  readClaims,
  Refusal,
  TOKEN_ALGORITHM,
  TOKEN_ISSUER,
  VISITOR_AUDIENCE,
} from '#libs/contracts';
import type { Caller } from '#libs/domain';
import type { ChannelId, VisitorId } from '#libs/protocol';
import { SigningKeys } from './signing-keys.ts';

const DAY_SECONDS = 86_400;

/** Access tokens of people and tokens of visitors: EdDSA JWTs, told apart by their audience. */
export class Tokens {
  readonly #keys: SigningKeys;
  readonly #accessSeconds: number;
  readonly #visitorDays: number;

  constructor(
    keys: SigningKeys,
    { access_token_seconds, visitor_token_days }: { access_token_seconds: number; visitor_token_days: number },
  ) {
    this.#keys = keys;
    this.#accessSeconds = access_token_seconds;
    this.#visitorDays = visitor_token_days;
  }

  get access_token_seconds(): number {
    return this.#accessSeconds;
  }

  signAgent({ sub, role, team_ids }: Omit<AgentClaims, 'aud'>): Promise<string> {
    return this.#sign({ role, team_ids }, sub, AGENT_AUDIENCE, this.#accessSeconds);
  }

  signVisitor(visitor_id: VisitorId, channel_id: ChannelId): Promise<string> {
    return this.#sign({ channel_id }, visitor_id, VISITOR_AUDIENCE, this.#visitorDays * DAY_SECONDS);
  }

  /** @throws Refusal UNAUTHENTICATED for whatever is wrong with it. */
  async verify(token: string): Promise<Caller> {
    try {
      const { payload } = await jwtVerify(token, ({ kid }) => this.#key(kid), {
        algorithms: [TOKEN_ALGORITHM],
        issuer: TOKEN_ISSUER,
        audience: [AGENT_AUDIENCE, VISITOR_AUDIENCE],
      });
      const bearer = readClaims(payload);
      if (!bearer) throw new Refusal('UNAUTHENTICATED');
      return bearer;
    } catch (error) {
      if (error instanceof errors.JOSEError) throw new Refusal('UNAUTHENTICATED');
      throw error;
    }
  }

  async #key(kid: string | undefined) {
    const key = kid === undefined ? undefined : await this.#keys.find(kid);
    if (!key) throw new errors.JWKSNoMatchingKey();
    return key;
  }

  #sign(claims: Record<string, unknown>, subject: string, audience: string, seconds: number): Promise<string> {
    const { kid, key } = this.#keys.signing;
    return new SignJWT(claims)
      .setProtectedHeader({ alg: TOKEN_ALGORITHM, kid })
      .setSubject(subject)
      .setIssuer(TOKEN_ISSUER)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime(`${seconds}s`)
      .sign(key);
  }
}
