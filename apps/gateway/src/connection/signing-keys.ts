/**
 * The public keys of session's tokens, kept here so that a handshake asks nobody.
 *
 * Lifecycle: `start` fetches them until it has them, then now and then; a name that is not known is fetched at once, not
 * more often than every few seconds. What was fetched stays good while session is away.
 */
import { type CryptoKey, importJWK } from 'jose';
import { Refusal } from '#libs/contracts';
import { now } from './clock.ts';

/** @throws when session can't be asked */
export type FetchKeys = () => Promise<readonly { kty: string; kid: string }[]>;

const ALGORITHM = 'EdDSA';
const REFRESH_MS = 300_000;
const FIRST_RETRY_MS = 250;
const MAX_RETRY_MS = 2_000;
/** How old an answer may be to say that a name does not exist. */
const FRESH_MS = 2_000;

export class SigningKeys {
  readonly #fetch: FetchKeys;
  #keys = new Map<string, CryptoKey>();
  #fetchedAt = -Infinity;
  #fetching: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(fetch: FetchKeys) {
    this.#fetch = fetch;
  }

  start(): void {
    void this.#keepFresh(FIRST_RETRY_MS);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  get areKnown(): boolean {
    return this.#keys.size > 0;
  }

  /** @throws Refusal UNAUTHENTICATED when there is no such key, UNAVAILABLE when nobody can say so now. */
  async get(kid: string): Promise<CryptoKey> {
    const known = this.#keys.get(kid);
    if (known) return known;
    if (now() - this.#fetchedAt > FRESH_MS) await this.#refresh();
    const fetched = this.#keys.get(kid);
    if (!fetched) throw new Refusal('UNAUTHENTICATED', { detail: 'the token names an unknown key' });
    return fetched;
  }

  async #keepFresh(retry_ms: number): Promise<void> {
    let wait_ms = REFRESH_MS;
    try {
      await this.#refresh();
    } catch {
      wait_ms = retry_ms; // whoever fetches has logged why
    }
    const next_ms = wait_ms === REFRESH_MS ? FIRST_RETRY_MS : Math.min(retry_ms * 2, MAX_RETRY_MS);
    if (!this.#isStopped) this.#timer = setTimeout(() => void this.#keepFresh(next_ms), wait_ms);
  }

  /** One at a time, for all who wait. */
  #refresh(): Promise<void> {
    this.#fetching ??= this.#load().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  async #load(): Promise<void> {
    const keys = new Map<string, CryptoKey>();
    for (const jwk of await this.#fetch()) {
      const key = await importJWK(jwk, ALGORITHM);
      if (!(key instanceof Uint8Array)) keys.set(jwk.kid, key);
    }
    this.#keys = keys;
    this.#fetchedAt = now();
  }
}
