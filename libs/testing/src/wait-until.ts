/**
 * Waits until `check` gives something truthy and returns it; a throw counts as "not yet".
 * Fails after `limit_ms` with `what` and the last thing seen.
 */
export async function waitUntil<T>(
  what: string,
  check: () => T | Promise<T>,
  { limit_ms = 20_000, every_ms = 50 }: { limit_ms?: number; every_ms?: number } = {},
): Promise<Exclude<NonNullable<T>, false>> {
  const end = Date.now() + limit_ms;
  let last: unknown;
  // Whatever has held up this process, there is a look after the limit.
  for (let isOver = false; ; isOver = Date.now() >= end) {
    try {
      const found = await check();
      if (found) return found as Exclude<NonNullable<T>, false>;
      last = found;
    } catch (error) {
      last = error;
    }
    if (isOver) throw new Error(`waited ${limit_ms} ms in vain for ${what}; last: ${String(last)}`);
    await new Promise((resolve) => setTimeout(resolve, every_ms));
  }
}
