import { setTimeout as delay } from 'node:timers/promises';
import { describeExit, type Exit } from './child-process.ts';
import { logTail } from './log-tail.ts';

/** An engine or a service, as its keeper sees it. */
export interface Kept {
  readonly label: string;
  readonly logFile: string;
  readonly exited: Promise<Exit>;
  isWanted(): boolean;
  start(): Promise<void>;
  kill(name: NodeJS.Signals): void;
}

export interface Keeping {
  readonly say: (text: string) => void;
  /** Called after each end and each return. */
  readonly onChange: () => void;
  /** Called when it ended or failed so often in a row; without a limit it is tried for ever. */
  readonly giveUp?: { readonly afterFailures: number; readonly tell: (kept: Kept) => void };
  readonly signal: AbortSignal;
  /** How pauses pass; a test need not wait for them. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** Who ran so long is healthy: the next end counts as a first one. */
const HEALTHY_MS = 60_000;

/** Starts the process again whenever it ends unasked, with growing pauses. Returns when it was stopped or given up. */
export async function keepRunning(kept: Kept, keeping: Keeping): Promise<void> {
  let failures = 0;
  for (;;) {
    const since = performance.now();
    const exit = await kept.exited;
    if (!kept.isWanted() || keeping.signal.aborted) return;
    failures = performance.now() - since > HEALTHY_MS ? 1 : failures + 1;
    keeping.onChange();
    keeping.say(`${kept.label} ended with ${describeExit(exit)}. The end of its log (${kept.logFile}):`);
    for (const line of logTail(kept.logFile, 5)) keeping.say(`    ${line}`);
    if (keeping.giveUp && failures >= keeping.giveUp.afterFailures) {
      keeping.giveUp.tell(kept);
      return;
    }
    await startAgain(kept, keeping, failures);
  }
}

async function startAgain(kept: Kept, keeping: Keeping, failures: number): Promise<void> {
  const { say, signal, onChange, pause = (ms) => delay(ms, undefined, { signal }) } = keeping;
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
  say(`${kept.label} is started again in ${pauseMs / 1000} s.`);
  try {
    await pause(pauseMs, signal);
    await kept.start();
    say(`${kept.label} is back.`);
    onChange();
  } catch (error) {
    if (signal.aborted) return;
    say(error instanceof Error ? error.message : String(error));
    // One that runs without ever getting ready is ended too, so that the loop comes round to it.
    kept.kill('SIGKILL');
  }
}
