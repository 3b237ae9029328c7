import { setTimeout as sleep } from 'node:timers/promises';
import { DeadlineExceeded } from './errors.ts';

/** The promise's result, or DeadlineExceeded; a late rejection of the promise is not unhandled. */
export async function within<T>(limitMs: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineExceeded(what, limitMs)), limitMs);
  });
  try {
    return await Promise.race([promise, expiry]);
  } finally {
    clearTimeout(timer);
  }
}

/** Tries again with pauses until an attempt succeeds; at the limit DeadlineExceeded with the last error as its cause. */
export async function retryWithin<T>(limitMs: number, what: string, attempt: () => Promise<T>): Promise<T> {
  const end = performance.now() + limitMs;
  for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, 2_000)) {
    try {
      return await within(Math.max(1, end - performance.now()), what, attempt());
    } catch (error) {
      if (performance.now() + pauseMs >= end) throw new DeadlineExceeded(what, limitMs, error);
    }
    await sleep(pauseMs);
  }
}

/** Waits, but not longer than until the signal is aborted. */
export async function pauseUnless(signal: AbortSignal, ms: number): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
