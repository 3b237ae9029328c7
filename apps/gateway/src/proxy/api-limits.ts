import { LRUCache } from 'lru-cache';
import { takeToken, type TokenBucket } from '#libs/domain';

const MOST_ADDRESSES = 50_000;

/** How many REST calls an address may pass through this replica: a second's worth at once. */
export class ApiLimits {
  readonly #rate: number;
  readonly #buckets = new LRUCache<string, TokenBucket>({ max: MOST_ADDRESSES });

  constructor(calls_per_second: number) {
    this.#rate = calls_per_second;
  }

  take(address: string, now: number): boolean {
    const bucket = this.#buckets.get(address) ?? { tokens: this.#rate, tokensAt: now };
    this.#buckets.set(address, bucket);
    return takeToken(bucket, { rate: this.#rate, burst: this.#rate }, now);
  }
}
