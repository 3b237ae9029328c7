import { readFileSync } from 'node:fs';

/**
 * Names one process for ever: a pid alone is given again to a stranger after the process has ended,
 * so nothing is ever signalled by a recorded pid without comparing the start time.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between the boot of the machine and the start of the process, as /proc tells. */
  readonly started: string;
}

/** The identity of a living process; undefined when there is none with this pid. A zombie counts as ended. */
export function identify(pid: number): ProcessIdentity | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field is the command in brackets and may itself hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const started = fields[19];
  if (started === undefined || fields[0] === 'Z') return undefined;
  return { pid, started };
}

/** Whether exactly this process is still there. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.started === identity.started;
}

/** Sends the signal if exactly this process is still there; false when it is gone. */
export function signal(identity: ProcessIdentity, name: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    return process.kill(identity.pid, name);
  } catch (error) {
    if (isErrno(error, 'ESRCH')) return false; // Ended between the look and the signal.
    throw error;
  }
}

/** Narrows an error of a system call by its code. */
export function isErrno(error: unknown, code: string): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && error.code === code;
}
