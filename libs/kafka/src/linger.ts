// Measured: sending at once is best at 200 records/s, a linger of 1 ms at 1,000/s and more; in between neither matters.
const QUIET_RECORDS_PER_SECOND = 750;
const BUSY_RECORDS_PER_SECOND = 3_000;

/** How long the oldest waiting record may wait for company, in whole milliseconds, at a rate of records a second. */
export function lingerMs(recordsPerSecond: number): 0 | 1 | 2 {
  if (recordsPerSecond < QUIET_RECORDS_PER_SECOND) return 0;
  return recordsPerSecond < BUSY_RECORDS_PER_SECOND ? 1 : 2;
}

const WINDOW_MS = 100;
const WEIGHT_OF_NEW = 0.4;

/** Records a second, averaged over about a quarter of a second; a pause brings it to 0. */
export class Rate {
  #windowStart = 0;
  #inWindow = 0;
  #average = 0;

  /** Counts records at a time in milliseconds that never goes back. */
  add(records: number, nowMs: number): void {
    this.#roll(nowMs);
    this.#inWindow += records;
  }

  at(nowMs: number): number {
    this.#roll(nowMs);
    return this.#average;
  }

  #roll(nowMs: number): void {
    const windows = Math.floor((nowMs - this.#windowStart) / WINDOW_MS);
    if (windows < 1) return;
    const measured = (this.#inWindow * 1_000) / WINDOW_MS;
    const afterFirst = this.#average + WEIGHT_OF_NEW * (measured - this.#average);
    // The windows after the first were empty.
    this.#average = afterFirst * (1 - WEIGHT_OF_NEW) ** (windows - 1);
    this.#windowStart += windows * WINDOW_MS;
    this.#inWindow = 0;
  }
}
