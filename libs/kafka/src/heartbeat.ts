/**
 * Beats while someone waits in `eachBatch`: kafkajs by itself beats between batches only. It sends one when its interval has
 * passed, so asking more often costs nothing.
 */
export class Heartbeat {
  readonly #everyMs: number;
  readonly #onError: (error: Error) => void;
  #beat: (() => Promise<void>) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(everyMs: number, onError: (error: Error) => void) {
    this.#everyMs = everyMs;
    this.#onError = onError;
  }

  /** Beats with this from now on; with the newest, as an older one may belong to a former life of kafkajs. */
  start(beat: () => Promise<void>): void {
    this.#beat = beat;
    this.#timer ??= setInterval(() => void this.#tick(), this.#everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#beat = undefined;
  }

  async #tick(): Promise<void> {
    const beat = this.#beat;
    try {
      await beat?.();
    } catch (error) {
      // The answer to a beat of before is none of those who wait now.
      if (beat === this.#beat)
        this.#onError(error instanceof Error ? error : new Error('no heartbeat', { cause: error }));
    }
  }
}
