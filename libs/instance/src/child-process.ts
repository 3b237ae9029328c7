import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { identify, isAlive, signal, type ProcessIdentity } from './process-identity.ts';
import { waitFor } from './wait-for.ts';

/** How a process is started. */
export interface Command {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Both output streams are appended here. */
  readonly logFile: string;
  /** Called as soon as the process has a pid, so that it can be written down before anything else happens. */
  readonly onSpawn?: (identity: ProcessIdentity) => void;
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running or ended child process. */
export interface Child {
  readonly name: string;
  readonly identity: ProcessIdentity;
  readonly logFile: string;
  readonly exited: Promise<Exit>;
  isRunning(): boolean;
  kill(name: NodeJS.Signals): boolean;
}

/**
 * Starts a process in a group of its own, so that Ctrl-C in the terminal reaches only us and the end stays in our order.
 * Its output goes straight to the file: it goes on writing if we die.
 * @throws when the file can't be executed.
 */
export async function startChild(command: Command): Promise<Child> {
  mkdirSync(dirname(command.logFile), { recursive: true });
  const log = openSync(command.logFile, 'a', 0o600);
  try {
    const process = spawn(command.file, command.args, {
      cwd: command.cwd,
      env: command.env,
      stdio: ['ignore', log, log],
      detached: true,
    });
    let running = true;
    const exited = new Promise<Exit>((resolve) => {
      process.once('exit', (code, signalName) => {
        running = false;
        resolve({ code, signal: signalName });
      });
    });
    const pid = await new Promise<number>((resolve, reject) => {
      process.once('error', reject);
      process.once('spawn', () => resolve(process.pid ?? 0));
    });
    // Without an entry in /proc it has ended already; an identity that fits nobody is then the right one.
    const identity = identify(pid) ?? { pid, started: '' };
    command.onSpawn?.(identity);
    return {
      name: command.name,
      identity,
      logFile: command.logFile,
      exited,
      isRunning: () => running,
      kill: (name) => running && process.kill(name),
    };
  } finally {
    closeSync(log);
  }
}

/**
 * Asks the child to end and waits; after the limit it is killed. A stopped (SIGSTOP) child is woken first, or it could not answer.
 * Idempotent.
 */
export async function endChild(child: Child, ask: NodeJS.Signals, limitMs: number): Promise<Exit> {
  child.kill('SIGCONT');
  child.kill(ask);
  const kill = setTimeout(() => child.kill('SIGKILL'), limitMs);
  try {
    return await child.exited;
  } finally {
    clearTimeout(kill);
  }
}

/** The same for a process that somebody else started, known by its identity only. */
export async function endProcess(identity: ProcessIdentity, ask: NodeJS.Signals, limitMs: number): Promise<void> {
  signal(identity, 'SIGCONT');
  signal(identity, ask);
  const gone = async () => Promise.resolve(!isAlive(identity));
  try {
    await waitFor({ what: `process ${identity.pid} ends`, limitMs }, gone);
  } catch {
    signal(identity, 'SIGKILL');
    await waitFor({ what: `process ${identity.pid} ends after SIGKILL`, limitMs: 10_000 }, gone);
  }
}

/** Runs a short command to its end. @throws CommandFailed when it gives anything but 0. */
export async function runCommand(command: Command): Promise<void> {
  const child = await startChild(command);
  const exit = await child.exited;
  if (exit.code !== 0) throw new CommandFailed(command, exit);
}

/** A command that had to work ended otherwise. */
export class CommandFailed extends Error {
  readonly logFile: string;

  constructor(command: Command, exit: Exit) {
    super(`${command.name} ended with ${describeExit(exit)}; its output: ${command.logFile}`);
    this.name = 'CommandFailed';
    this.logFile = command.logFile;
  }
}

/** "code 1" or "SIGKILL". */
export function describeExit(exit: Exit): string {
  return exit.signal ?? `code ${exit.code}`;
}
