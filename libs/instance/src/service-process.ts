import { endChild, startChild, type Child, type Exit } from './child-process.ts';
import { logTail } from './log-tail.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { waitFor } from './wait-for.ts';

export type ServiceName = 'gateway' | 'router' | 'session';

/** How one replica is started; made by the cluster. */
export interface ServiceRecipe {
  readonly name: ServiceName;
  readonly replica: number;
  /** Where clients or other services reach it; router has none. */
  readonly port: number | undefined;
  readonly ops_port: number;
  readonly node: string;
  readonly nodeFlags: readonly string[];
  readonly main: string;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly logFile: string;
  readonly onSpawn: (identity: ProcessIdentity) => void;
}

/** A service did not come up. */
export class ServiceFailed extends Error {
  readonly service: string;
  readonly logFile: string;
  readonly tail: readonly string[];

  constructor(recipe: ServiceRecipe, what: string, cause?: unknown) {
    super(`${recipe.name} ${recipe.replica} ${what}; its log: ${recipe.logFile}`, { cause });
    this.name = 'ServiceFailed';
    this.service = `${recipe.name} ${recipe.replica}`;
    this.logFile = recipe.logFile;
    this.tail = logTail(recipe.logFile, 15);
  }
}

const READY_LIMIT_MS = 60_000;
const DRAIN_LIMIT_MS = 20_000;

/** One replica of a service, which may be stopped, killed and started again on the same ports. */
export class ServiceProcess {
  readonly name: ServiceName;
  readonly replica: number;
  readonly label: string;
  readonly url: string | undefined;
  readonly ops_port: number;
  readonly ops_url: string;
  readonly logFile: string;
  readonly #recipe: ServiceRecipe;
  #child: Child | undefined;
  #wanted = false;

  constructor(recipe: ServiceRecipe) {
    this.#recipe = recipe;
    this.name = recipe.name;
    this.replica = recipe.replica;
    this.label = `${recipe.name} ${recipe.replica}`;
    this.url = recipe.port === undefined ? undefined : `http://127.0.0.1:${recipe.port}`;
    this.ops_port = recipe.ops_port;
    this.ops_url = `http://127.0.0.1:${recipe.ops_port}`;
    this.logFile = recipe.logFile;
  }

  /** Starts the process and waits until it says it is ready. `extraEnv` holds for this run only. @throws ServiceFailed */
  async start(extraEnv: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.launch(extraEnv);
    await this.waitUntilReady();
  }

  /** Starts the process without waiting for more than its pid. */
  async launch(extraEnv: Readonly<Record<string, string>> = {}): Promise<void> {
    if (this.isRunning()) return;
    const { node, nodeFlags, main, env, cwd, logFile, onSpawn } = this.#recipe;
    this.#wanted = true;
    this.#child = await startChild({
      name: this.label,
      file: node,
      args: [...nodeFlags, main],
      env: { ...env, ...extraEnv },
      cwd,
      logFile,
      onSpawn,
    });
  }

  /** @throws ServiceFailed when it ended, or took too long */
  async waitUntilReady(): Promise<void> {
    const child = this.#started();
    try {
      await waitFor({ what: `${this.label} is ready`, limitMs: READY_LIMIT_MS, hopeless: child.exited }, () =>
        this.isReady(),
      );
    } catch (error) {
      const what = child.isRunning() ? `was not ready after ${READY_LIMIT_MS / 1000} s` : 'ended while starting';
      throw new ServiceFailed(this.#recipe, what, error);
    }
  }

  /** What its /readyz says now; false also when nobody answers. */
  async isReady(): Promise<boolean> {
    try {
      const answer = await fetch(`${this.ops_url}/readyz`, { signal: AbortSignal.timeout(2_000) });
      await answer.body?.cancel();
      return answer.ok;
    } catch {
      return false;
    }
  }

  get identity(): ProcessIdentity {
    return this.#started().identity;
  }

  get pid(): number {
    return this.identity.pid;
  }

  /** Settles when the process that runs now ends, for whatever reason. */
  get exited(): Promise<Exit> {
    return this.#started().exited;
  }

  isRunning(): boolean {
    return this.#child?.isRunning() === true;
  }

  /** False after `stop`: its end was asked for. */
  isWanted(): boolean {
    return this.#wanted;
  }

  /** Sends a signal, for faults. */
  kill(name: NodeJS.Signals): void {
    this.#started().kill(name);
  }

  /** Asks the process to drain and end; killed when that takes too long. Idempotent. */
  async stop(): Promise<void> {
    this.#wanted = false;
    if (this.#child) await endChild(this.#child, 'SIGTERM', DRAIN_LIMIT_MS);
  }

  #started(): Child {
    if (!this.#child) throw new Error(`${this.label} was never started`);
    return this.#child;
  }
}
