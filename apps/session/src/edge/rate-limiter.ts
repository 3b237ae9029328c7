import type { Response } from 'express';
import { LRUCache } from 'lru-cache';
import { Refusal } from '#libs/contracts';

const MOST_CALLERS = 20_000;

interface Bucket {
  tokens: number;
  filled_at: number;
}

/** A token bucket a caller, in this process; the limit of a cluster is that of its replicas together. */
export class RateLimiter {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #buckets = new LRUCache<string, Bucket>({ max: MOST_CALLERS });

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  /** Takes one call and says so in the answer's `RateLimit` headers. @throws Refusal RATE_LIMITED with `Retry-After`. */
  take(name: string, response?: Response): void {
    const now = performance.now();
    const bucket = this.#buckets.get(name) ?? { tokens: this.#burst, filled_at: now };
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((now - bucket.filled_at) / 1_000) * this.#perSecond);
    bucket.filled_at = now;
    this.#buckets.set(name, bucket);
    const passes = bucket.tokens >= 1;
    if (passes) bucket.tokens -= 1;
    const reset = Math.ceil((1 - Math.min(1, bucket.tokens)) / this.#perSecond);
    response?.setHeader('RateLimit', `limit=${this.#burst}, remaining=${Math.floor(bucket.tokens)}, reset=${reset}`);
    if (passes) return;
    response?.setHeader('Retry-After', String(Math.max(1, reset)));
    throw new Refusal('RATE_LIMITED');
  }
}
