import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;
const MEGABYTE_IN_KB = 1_024;

export interface ProcessUse {
  name: string;
  /** Resident memory at the end, and the highest since the process began. */
  rss_mb: number;
  peak_rss_mb: number;
  /** Cores used over the window: 1 is one core all the time. */
  cores: number;
}

/** Starts a window over the processes; the returned function ends it. A process that died in between is left out. */
export function watchProcesses(processes: readonly { name: string; pid: number }[]): () => ProcessUse[] {
  const began = performance.now();
  const before = new Map(processes.map(({ pid }) => [pid, readCpuSeconds(pid)]));
  return () => {
    const seconds = (performance.now() - began) / 1_000;
    return processes.flatMap(({ name, pid }) => {
      const start = before.get(pid);
      const end = readCpuSeconds(pid);
      if (start === undefined || end === undefined) return [];
      return [{ name, ...readMemory(pid), cores: (end - start) / seconds }];
    });
  };
}

/** User and system time of the whole process; undefined once it is gone. */
function readCpuSeconds(pid: number): number | undefined {
  const stat = readProc(pid, 'stat');
  if (stat === undefined) return undefined;
  // The command's name may hold spaces and brackets; the fields are counted behind its last bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function readMemory(pid: number): { rss_mb: number; peak_rss_mb: number } {
  const status = readProc(pid, 'status') ?? '';
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  return { rss_mb: field('VmRSS') / MEGABYTE_IN_KB, peak_rss_mb: field('VmHWM') / MEGABYTE_IN_KB };
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}
