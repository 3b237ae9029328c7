import type { Response } from 'express';
import { LRUCache } from 'lru-cache';
import { Refusal } from '#libs/contracts';
import { type BucketLimit, takeToken, type TokenBucket } from '#libs/domain';

const MOST_CALLERS = 20_000;

/** A token bucket a caller, in this process; the limit of a cluster is that of its replicas together. */
export class RateLimiter {
  readonly #limit: BucketLimit;
  readonly #buckets = new LRUCache<string, TokenBucket>({ max: MOST_CALLERS });

  constructor(perSecond: number, burst: number) {
    this.#limit = { rate: perSecond, burst };
  }

  /** Takes one call and says so in the answer's `RateLimit` headers. @throws Refusal RATE_LIMITED with `Retry-After`. */
  take(name: string, response?: Response): void {
    const now = performance.now();
    const { rate, burst } = this.#limit;
    const bucket = this.#buckets.get(name) ?? { tokens: burst, tokensAt: now };
    this.#buckets.set(name, bucket);
    const passes = takeToken(bucket, this.#limit, now);
    const reset = Math.ceil((1 - Math.min(1, bucket.tokens)) / rate);
    response?.setHeader('RateLimit', `limit=${burst}, remaining=${Math.floor(bucket.tokens)}, reset=${reset}`);
    if (passes) return;
    response?.setHeader('Retry-After', String(Math.max(1, reset)));
    throw new Refusal('RATE_LIMITED');
  }
}
