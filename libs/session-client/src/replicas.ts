const AVOIDED_MS = 3_000;

/**
 * The replicas of session, in turn; one that failed lately comes last until it answers again. Whoever calls session, with
 * whatever client, says how it went.
 */
export class Replicas {
  readonly urls: readonly string[];
  readonly #now: () => number;
  readonly #avoidedUntil = new Map<string, number>();
  #next = 0;

  /** @param now milliseconds of a clock that never goes back */
  constructor(urls: readonly string[], now = () => performance.now()) {
    this.urls = urls;
    this.#now = now;
  }

  /** All of them, in the order in which they should be tried. */
  inOrder(): string[] {
    const now = this.#now();
    const start = this.#next % this.urls.length;
    this.#next += 1;
    const turned = [...this.urls.slice(start), ...this.urls.slice(0, start)];
    const isGood = (url: string) => (this.#avoidedUntil.get(url) ?? 0) <= now;
    return [...turned.filter(isGood), ...turned.filter((url) => !isGood(url))];
  }

  /** It could not be reached, or did not answer in time. */
  failed(url: string): void {
    this.#avoidedUntil.set(url, this.#now() + AVOIDED_MS);
  }

  /** It did answer, whatever it said. */
  answered(url: string): void {
    this.#avoidedUntil.delete(url);
  }
}
