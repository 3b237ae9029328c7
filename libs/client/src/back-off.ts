/** Waits before the next attempt, in milliseconds: full jitter, so that a crowd that was cut off comes back spread out. */
export function backOff(attempt: number, random: number, { base_ms = 250, cap_ms = 10_000 } = {}): number {
  return random * Math.min(cap_ms, base_ms * 2 ** Math.min(attempt, 16));
}

/** A pause that ends early, without an error, when the signal is aborted. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end);
  });
}
