import { endChild, startChild, type Child, type Command, type Exit } from './child-process.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { logTail } from './log-tail.ts';
import { waitFor } from './wait-for.ts';

/** Of an instance; MySQL takes MariaDB's place in some tests only. */
export type EngineName = 'mariadb' | 'redis' | 'kafka';

/** Where and how an engine runs. `env` is what its process gets. */
export interface EngineOptions {
  readonly dataDir: string;
  readonly port: number;
  readonly logFile: string;
  readonly env: NodeJS.ProcessEnv;
  readonly onSpawn: (identity: ProcessIdentity) => void;
}

/** What one kind of engine needs to run; made by `startMariadb` and its like. */
export interface EngineRecipe {
  readonly name: EngineName | 'mysql';
  /** What clients connect with. It stays the same over restarts. */
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  readonly command: Command;
  /** True once clients are served. */
  readonly isReady: () => Promise<boolean>;
  readonly readyLimitMs: number;
  readonly stopLimitMs: number;
}

/** An engine did not come up, or ended when nobody asked it to. */
export class EngineFailed extends Error {
  readonly engine: string;
  readonly logFile: string;
  readonly tail: readonly string[];

  constructor(recipe: EngineRecipe, what: string, cause?: unknown) {
    super(`${recipe.name} ${what}; its log: ${recipe.command.logFile}`, { cause });
    this.name = 'EngineFailed';
    this.engine = recipe.name;
    this.logFile = recipe.command.logFile;
    this.tail = logTail(recipe.command.logFile, 15);
  }
}

/** One database, Redis or Kafka process that may be stopped, killed and started again on the same port and data. */
export class Engine {
  readonly name: EngineName | 'mysql';
  readonly label: string;
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  readonly logFile: string;
  readonly #recipe: EngineRecipe;
  #child: Child | undefined;
  #wanted = false;

  constructor(recipe: EngineRecipe) {
    this.#recipe = recipe;
    this.name = recipe.name;
    this.label = recipe.name;
    this.url = recipe.url;
    this.port = recipe.port;
    this.dataDir = recipe.dataDir;
    this.logFile = recipe.command.logFile;
  }

  /** Starts the process and waits until it serves clients. @throws EngineFailed */
  async start(): Promise<void> {
    if (this.#child?.isRunning()) return;
    this.#wanted = true;
    const child = await startChild(this.#recipe.command);
    this.#child = child;
    try {
      await waitFor(
        { what: `${this.name} serves`, limitMs: this.#recipe.readyLimitMs, hopeless: child.exited },
        this.#recipe.isReady,
      );
    } catch (error) {
      const what = child.isRunning() ? 'did not get ready' : 'ended while starting';
      await endChild(child, 'SIGKILL', 5_000);
      throw new EngineFailed(this.#recipe, what, error);
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

  /** Sends a signal, for faults; `start` brings a killed engine back. */
  kill(name: NodeJS.Signals): void {
    this.#started().kill(name);
  }

  /** Ends the process in order; killed when it takes too long. Idempotent. */
  async stop(): Promise<void> {
    this.#wanted = false;
    if (this.#child) await endChild(this.#child, 'SIGTERM', this.#recipe.stopLimitMs);
  }

  #started(): Child {
    if (!this.#child) throw new Error(`${this.name} was never started`);
    return this.#child;
  }
}
