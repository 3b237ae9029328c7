import type { Consumer } from 'kafkajs';
import type { Assignment } from './assignment.ts';
import type { ConsumerMetrics } from './consumer-metrics.ts';
import type { ConsumerSettings } from './consumer-options.ts';
import { within } from './deadline.ts';
import type { NextOffset } from './record.ts';

const COMMIT_LIMIT_MS = 10_000;

/**
 * Tells how far the group has come: `beforeCommit` first, Kafka only after it. The hook runs in turn with the handler;
 * Kafka's part runs beside it, one at a time. A failure is no harm: the next commit covers it.
 */
export class Commits {
  readonly #settings: ConsumerSettings;
  readonly #consumer: Consumer;
  readonly #metrics: ConsumerMetrics;
  readonly #onDue: () => void;
  #dueAt: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #toKafka: Promise<void> | undefined;

  constructor(settings: ConsumerSettings, consumer: Consumer, metrics: ConsumerMetrics, onDue: () => void) {
    this.#settings = settings;
    this.#consumer = consumer;
    this.#metrics = metrics;
    this.#onDue = onDue;
  }

  /** Something was handled: it is committed within the interval, `onDue` says when. */
  schedule(): void {
    if (this.#dueAt !== undefined) return;
    const { commitIntervalMs } = this.#settings;
    this.#dueAt = performance.now() + commitIntervalMs;
    this.#timer = setTimeout(this.#onDue, commitIntervalMs + 1);
  }

  async commitIfDue(assignment: Assignment): Promise<void> {
    if (this.#dueAt === undefined || performance.now() < this.#dueAt) return;
    this.#dueAt = undefined;
    clearTimeout(this.#timer);
    if (this.#toKafka !== undefined) return this.schedule();
    const offsets = assignment.uncommitted();
    if (offsets.length > 0 && (await this.#isPrepared(offsets))) this.#startKafka(assignment, offsets);
  }

  /** Commits everything and waits for it; the consumer must not have left its group yet. */
  async commitLast(assignment: Assignment): Promise<void> {
    clearTimeout(this.#timer);
    await this.#toKafka;
    const offsets = assignment.uncommitted();
    if (offsets.length === 0 || !(await this.#isPrepared(offsets))) return;
    this.#startKafka(assignment, offsets);
    await this.#toKafka;
  }

  /**
   * A last chance before a rebalance sends everyone back to the committed offsets: fewer repetitions. Written to the
   * coordinator before the join is. A hook could take too long here, so with one it is left out.
   */
  commitBeforeJoin(assignment: Assignment): void {
    const offsets = assignment.uncommitted();
    if (this.#settings.beforeCommit !== undefined || this.#toKafka !== undefined || offsets.length === 0) return;
    this.#startKafka(assignment, offsets);
  }

  async #isPrepared(offsets: readonly NextOffset[]): Promise<boolean> {
    try {
      await this.#settings.beforeCommit?.(offsets);
      return true;
    } catch (err) {
      this.#noteFailure(err);
      return false;
    }
  }

  #startKafka(assignment: Assignment, offsets: readonly NextOffset[]): void {
    // Lost meanwhile: the offsets are someone else's to tell.
    if (assignment.signal.aborted) return;
    const commit = this.#consumer.commitOffsets(
      offsets.map(({ topic, partition, next_offset }) => ({ topic, partition, offset: String(next_offset) })),
    );
    this.#toKafka = within(COMMIT_LIMIT_MS, 'committing offsets', commit)
      .then(
        () => assignment.markCommitted(offsets),
        (err: unknown) => this.#noteFailure(err),
      )
      .finally(() => (this.#toKafka = undefined));
  }

  #noteFailure(err: unknown): void {
    this.#metrics.commitFailed();
    this.#settings.log.warn({ err, group: this.#settings.groupId }, 'offsets were not committed');
    this.schedule();
  }
}
