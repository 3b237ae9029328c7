/**
 * Who runs in a data folder: `run.json` names the process that owns the folder and every child it has started.
 * It is written at each start and end of a child, so that after a kill -9 of the owner the next run
 * finds the orphans and ends them. Processes are compared by pid and start time, never by pid alone.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateFile } from './private-file.ts';
import { identify, isAlive, isErrno, type ProcessIdentity } from './process-identity.ts';

/** A child as recorded. */
export interface RecordedProcess {
  readonly name: string;
  readonly identity: ProcessIdentity;
}

interface Run {
  readonly owner: ProcessIdentity;
  readonly processes: readonly RecordedProcess[];
}

/** Another living process works in this data folder. */
export class AlreadyRunning extends Error {
  readonly pid: number;

  constructor(dataDir: string, pid: number) {
    super(`Another instance (pid ${pid}) already runs with the data folder ${dataDir}`);
    this.name = 'AlreadyRunning';
    this.pid = pid;
  }
}

/** The claim of this process on a data folder. */
export class RunRecord {
  /** Children of an earlier run that still live: in the order in which they were started. */
  readonly leftOvers: readonly RecordedProcess[];
  /** Whether an earlier run ended without cleaning up. */
  readonly wasKilled: boolean;
  readonly #file: string;
  readonly #owner: ProcessIdentity;
  #processes: RecordedProcess[];

  /** @throws AlreadyRunning */
  constructor(dataDir: string) {
    this.#file = join(dataDir, 'run.json');
    const before = readRun(this.#file);
    this.#owner = identify(process.pid) ?? { pid: process.pid, started: '' };
    const ownedByOther = before && before.owner.pid !== process.pid && isAlive(before.owner);
    if (ownedByOther) throw new AlreadyRunning(dataDir, before.owner.pid);
    this.wasKilled = before !== undefined;
    this.leftOvers = before?.processes.filter(({ identity }) => isAlive(identity)) ?? [];
    this.#processes = [...this.leftOvers];
    this.#write();
  }

  /** Remembers a child that has just been started; those that have ended are forgotten. */
  add(name: string, identity: ProcessIdentity): void {
    this.#processes = [...this.#processes.filter((known) => isAlive(known.identity)), { name, identity }];
    this.#write();
  }

  /** Gives the folder free. */
  close(): void {
    rmSync(this.#file, { force: true });
  }

  #write(): void {
    const run: Run = { owner: this.#owner, processes: this.#processes };
    writePrivateFile(this.#file, `${JSON.stringify(run, null, 2)}\n`);
  }
}

function readRun(file: string): Run | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Run;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw new Error(`${file} can't be read: it names the processes of an earlier run; end those, then remove it`, {
      cause: error,
    });
  }
}
