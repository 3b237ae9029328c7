import { readFileSync } from 'node:fs';
import { watchProcesses } from './processes.ts';

const TICKS_PER_SECOND = 100;

/** Cores used over a window: 1 is one core all the time. */
export interface Cores {
  /** Of this process and the ones named. */
  own: number;
  /** Of everybody else on the machine; a guest's stolen time is somebody's too. */
  others: number;
}

/** Starts a window; the returned function ends it. */
export function watchCores(pids: readonly number[]): () => Cores {
  const began = performance.now();
  const before = readMachineTicks();
  const endWindow = watchProcesses([process.pid, ...pids].map((pid) => ({ name: String(pid), pid })));
  return () => {
    const own = endWindow().reduce((sum, { cores }) => sum + cores, 0);
    const seconds = (performance.now() - began) / 1_000;
    return { own, others: Math.max(0, (readMachineTicks() - before) / TICKS_PER_SECOND / seconds - own) };
  };
}

/** user nice system idle iowait irq softirq steal: all but the two of rest. */
function readMachineTicks(): number {
  const [first = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const [user = 0, nice = 0, system = 0, , , ...rest] = first.split(/\s+/).slice(1, 9).map(Number);
  return rest.reduce((sum, ticks) => sum + ticks, user + nice + system);
}
