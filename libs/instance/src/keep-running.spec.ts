import { expect, test, vi } from 'vitest';
import type { Exit } from './child-process.ts';
import { keepRunning, type Kept } from './keep-running.ts';

/** A process that ends `ends` times right after its start and then runs on. */
class Frail implements Kept {
  readonly label = 'router 0';
  readonly logFile = '/nowhere';
  exited: Promise<Exit> = Promise.resolve({ code: 1, signal: null });
  starts = 0;
  wanted = true;
  readonly #ends: number;

  constructor(ends: number) {
    this.#ends = ends;
  }

  isWanted(): boolean {
    return this.wanted;
  }

  async start(): Promise<void> {
    this.starts += 1;
    if (this.starts >= this.#ends) this.exited = new Promise(() => undefined);
  }

  kill(): void {
    this.exited = Promise.resolve({ code: null, signal: 'SIGKILL' });
  }
}

const quiet = { say: () => undefined, onChange: () => undefined, signal: new AbortController().signal };

test('a process that dies is started again, with growing pauses', async () => {
  const pauses: number[] = [];
  const frail = new Frail(3);
  void keepRunning(frail, { ...quiet, pause: async (ms) => pauses.push(ms) });
  await vi.waitFor(() => expect(frail.starts).toBe(3));
  expect(pauses).toEqual([500, 1_000, 2_000]);
});

test('one that dies too often is given up, and this is told', async () => {
  const frail = new Frail(Infinity);
  const told = await new Promise<string>((resolve) => {
    const giveUp = { afterFailures: 1, tell: (kept: Kept) => resolve(kept.label) };
    void keepRunning(frail, { ...quiet, giveUp });
  });
  expect(told).toBe('router 0');
  expect(frail.starts).toBe(0);
});

test('one whose end was asked for is left in peace', async () => {
  const frail = new Frail(1);
  frail.wanted = false;
  await keepRunning(frail, quiet);
  expect(frail.starts).toBe(0);
});
