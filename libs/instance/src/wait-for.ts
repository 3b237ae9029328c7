import { setTimeout as pause } from 'node:timers/promises';

/** A condition on the outside world did not come true in its time. */
class WaitTimeout extends Error {
  constructor(what: string, limitMs: number, cause?: unknown) {
    super(`${what}: not within ${limitMs / 1000} s`, { cause });
    this.name = 'WaitTimeout';
  }
}

/** What to wait for, and how long. */
interface Wait {
  readonly what: string;
  readonly limitMs: number;
  readonly everyMs?: number;
  /** When this settles there is no use in waiting on, such as for a process that ended. */
  readonly hopeless?: Promise<unknown>;
}

/**
 * Asks `probe` again and again until it gives something else than undefined or false; a rejection counts as "not yet".
 * @throws WaitTimeout with the probe's last error as its cause, at the limit or as soon as the wait is hopeless.
 */
export async function waitFor<T>(wait: Wait, probe: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + wait.limitMs;
  const state = { hopeless: false };
  void wait.hopeless?.then(
    () => (state.hopeless = true),
    () => (state.hopeless = true),
  );
  let lastError: unknown;
  while (performance.now() < deadline && !state.hopeless) {
    try {
      const found = await probe();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      lastError = error;
    }
    await pause(wait.everyMs ?? 50);
  }
  throw new WaitTimeout(wait.what, wait.limitMs, lastError);
}
