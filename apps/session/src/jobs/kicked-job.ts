import type { Logger } from '#libs/observability';

const SWEEP_MS = 1_000;

/**
 * Work that lies in a table: done at once when it is kicked, and each second for what other replicas left behind.
 * One run at a time in a process; a kick during a run makes it look once more. A run that fails leaves its rows to the next.
 */
export class KickedJob {
  readonly #what: string;
  readonly #doAll: () => Promise<void>;
  readonly #log: Logger;
  #running: Promise<void> | undefined;
  #again = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param doAll does what is there now */
  constructor(what: string, doAll: () => Promise<void>, log: Logger) {
    this.#what = what;
    this.#doAll = doAll;
    this.#log = log;
  }

  kick(): void {
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // Kicked after the last look, or during one that failed.
      if (this.#again) this.kick();
    });
  }

  start(): void {
    this.#timer = setInterval(() => this.kick(), SWEEP_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#again = false;
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#again) {
        this.#again = false;
        await this.#doAll();
      }
    } catch (err) {
      this.#log.warn({ err }, `${this.#what} failed; the next sweep tries again`);
    }
  }
}
