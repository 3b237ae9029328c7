/** What a bucket keeps; a part of the thing that is limited, so that a limit costs two numbers and no object. */
export interface TokenBucket {
  tokens: number;
  /** When `tokens` was true, in milliseconds of a clock that never goes back. */
  tokensAt: number;
}

/** How fast a bucket fills, and how far. */
export interface BucketLimit {
  /** Tokens a second that flow in. */
  readonly rate: number;
  /** The most that the bucket holds. */
  readonly burst: number;
}

/** Takes one token out of what has flowed in until `now`; false: there was none, and nothing has changed but the time. */
export function takeToken(bucket: TokenBucket, { rate, burst }: BucketLimit, now: number): boolean {
  const flowed = ((now - bucket.tokensAt) * rate) / 1_000;
  const tokens = Math.min(burst, bucket.tokens + flowed);
  bucket.tokensAt = now;
  bucket.tokens = tokens >= 1 ? tokens - 1 : tokens;
  return tokens >= 1;
}
