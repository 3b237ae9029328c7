const AVOIDED_MS = 3_000;

/** The replicas of session, in turn; one that failed lately comes last until it answers again. */
export class Replicas {
  readonly urls: readonly string[];
  readonly #avoidedUntil = new Map<string, number>();
  #next = 0;

  constructor(urls: readonly string[]) {
    this.urls = urls;
  }

  /** All of them, in the order in which they should be tried. */
  inOrder(now: number): string[] {
    const start = this.#next % this.urls.length;
    this.#next += 1;
    const turned = [...this.urls.slice(start), ...this.urls.slice(0, start)];
    const isGood = (url: string) => (this.#avoidedUntil.get(url) ?? 0) <= now;
    return [...turned.filter(isGood), ...turned.filter((url) => !isGood(url))];
  }

  failed(url: string, now: number): void {
    this.#avoidedUntil.set(url, now + AVOIDED_MS);
  }

  answered(url: string): void {
    this.#avoidedUntil.delete(url);
  }
}
