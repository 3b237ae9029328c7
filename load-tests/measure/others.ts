import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/**
 * Starts a window; the returned function ends it with the cores that other processes of the machine used over it.
 * Our own are this process, its children that have ended by then, and the ones named. A guest's stolen time is somebody's too.
 */
export function watchOthers(pids: readonly number[]): () => number {
  const began = performance.now();
  const before = readAll(pids);
  return () => {
    const seconds = (performance.now() - began) / 1_000;
    const after = readAll(pids);
    return Math.max(0, after.machine - before.machine - (after.own - before.own)) / TICKS_PER_SECOND / seconds;
  };
}

function readAll(pids: readonly number[]): { machine: number; own: number } {
  const named = pids.reduce((sum, pid) => sum + readTicks(pid, 2), 0);
  return { machine: readMachineTicks(), own: readTicks(process.pid, 4) + named };
}

/** user nice system idle iowait irq softirq steal: all but the two of rest. */
function readMachineTicks(): number {
  const [first = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const [user = 0, nice = 0, system = 0, , , ...rest] = first.split(/\s+/).slice(1, 9).map(Number);
  return rest.reduce((sum, ticks) => sum + ticks, user + nice + system);
}

/** The first of: user, system, and the same two of ended children. */
function readTicks(pid: number, count: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command's name may hold spaces and brackets; the fields are counted behind its last bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 11 + count).reduce((sum, ticks) => sum + Number(ticks), 0);
}
