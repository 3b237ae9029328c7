import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { endProcess } from './child-process.ts';
import type { RecordedProcess, RunRecord } from './run-record.ts';

const LIMIT_MS = 30_000;
const ENGINES = new Set(['mariadb', 'mysql', 'redis', 'kafka']);

/**
 * Ends the children of a run that was killed: its services first, then its engines, which so close their data in order.
 * They are not adopted: a process that we did not start tells us nothing when it ends.
 */
export async function endLeftOvers(record: RunRecord, say: (text: string) => void): Promise<void> {
  if (!record.wasKilled) return;
  const alive = record.leftOvers;
  say(`An earlier run in this data folder was killed; ${describe(alive)}.`);
  const isEngine = ({ name }: RecordedProcess) => ENGINES.has(name);
  const end = ({ identity }: RecordedProcess) => endProcess(identity, 'SIGTERM', LIMIT_MS);
  await Promise.all(alive.filter((process) => !isEngine(process)).map(end));
  await Promise.all(alive.filter(isEngine).map(end));
}

function describe(alive: readonly RecordedProcess[]): string {
  if (alive.length === 0) return 'nothing of it is left running';
  const names = alive.map(({ name, identity }) => `${name} (pid ${identity.pid})`);
  return `ending what it left: ${names.join(', ')}`;
}

/** An empty folder for the logs of this run; those of the run before are kept beside it. */
export function beginLogs(dataDir: string): string {
  const logDir = join(dataDir, 'logs');
  const before = join(dataDir, 'logs.before');
  if (existsSync(logDir)) {
    rmSync(before, { recursive: true, force: true });
    renameSync(logDir, before);
  }
  mkdirSync(logDir, { recursive: true, mode: 0o700 });
  return logDir;
}
