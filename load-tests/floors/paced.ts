import { setTimeout as delay } from 'node:timers/promises';

const TAIL_MS = 500;

/**
 * Calls `act` at an even rate for some seconds, late calls at once (open loop: a slow answer never slows the load), then
 * waits a moment for the last answers.
 */
export async function paced(rate: number, seconds: number, act: (index: number) => void): Promise<void> {
  const total = Math.round(rate * seconds);
  const began = performance.now();
  for (let index = 0; index < total;) {
    const due = Math.min(total, Math.floor(((performance.now() - began) / 1_000) * rate) + 1);
    for (; index < due; index += 1) act(index);
    await delay(Math.max(1, began + (index / rate) * 1_000 - performance.now()));
  }
  await delay(TAIL_MS);
}
