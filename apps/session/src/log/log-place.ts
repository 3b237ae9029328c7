/**
 * The writer's place in the inbound topic, kept in MySQL beside the rows it covers.
 *
 * Invariant: rows first, then the place in MySQL, then Kafka's commit. So in a database that never went back the stored
 * place is at least Kafka's, and at least what this writer stored last. A lower one means that the database went back (a
 * restore, a fail-over with loss): reading starts again at the stored place, under a new log epoch.
 * A higher one is another writer that went further: its rows are there, and ours are dropped by the unique keys.
 */
import { topics } from '#libs/contracts';
import { type BatchPart, type NextOffset, type PartitionOffset, Rewind } from '#libs/kafka';
import type { Logger } from '#libs/observability';
import type { MessageStore } from './message.store.ts';

const TOPIC = topics.inbound.name;

export interface InboundTopic {
  /** The oldest offset that is still there. */
  lowWatermark(partition: number): Promise<bigint>;
  /** What the group has committed to Kafka; null for a partition that never was. */
  committed(): Promise<ReadonlyMap<number, bigint | null>>;
  seek(partition: number, offset: bigint): void;
}

/** Told when the database went back: an alarm. */
export type OnRewind = (positions: readonly PartitionOffset[]) => void;

export class LogPlace {
  /** The highest place seen or stored in MySQL, by owned partition. */
  readonly #known = new Map<number, bigint>();
  readonly #store: MessageStore;
  readonly #topic: InboundTopic;
  readonly #onRewind: OnRewind;
  readonly #log: Logger;

  constructor(store: MessageStore, topic: InboundTopic, onRewind: OnRewind, log: Logger) {
    this.#store = store;
    this.#topic = topic;
    this.#onRewind = onRewind;
    this.#log = log;
  }

  /** Before the first batch of an assignment: a database that went back while nobody wrote shows itself here. */
  async takeOver(partitions: readonly number[]): Promise<void> {
    const [stored, committed] = await Promise.all([this.#store.readOffsets(partitions), this.#topic.committed()]);
    const back: PartitionOffset[] = [];
    for (const partition of partitions) {
      const place = stored.get(partition);
      const reached = committed.get(partition) ?? null;
      if (place !== undefined) this.#known.set(partition, place);
      else this.#known.delete(partition);
      if (reached === null || (place !== undefined && place >= reached)) continue;
      const low = await this.#topic.lowWatermark(partition);
      if (place === undefined && reached <= low) continue;
      back.push({ topic: TOPIC, partition, offset: place === undefined || place < low ? low : place });
    }
    if (back.length > 0) await this.#beginAgain(back);
    for (const { partition, offset } of back) this.#topic.seek(partition, offset);
  }

  release(partitions: readonly number[]): void {
    for (const partition of partitions) this.#known.delete(partition);
  }

  /** With each batch's read. @throws Rewind when the database went back under the running writer. */
  async check(parts: readonly BatchPart[], stored: ReadonlyMap<number, bigint>): Promise<void> {
    const back = await this.#findBack(
      parts.map((part) => part.partition),
      stored,
    );
    if (back.length === 0) return;
    await this.#beginAgain(back);
    throw new Rewind(back);
  }

  /** While nothing comes in: the same check over all owned partitions, followed by a seek. */
  async watch(): Promise<void> {
    const owned = [...this.#known.keys()];
    if (owned.length === 0) return;
    const back = await this.#findBack(owned, await this.#store.readOffsets(owned));
    if (back.length === 0) return;
    await this.#beginAgain(back);
    for (const { partition, offset } of back) this.#topic.seek(partition, offset);
  }

  /** Stores the places in MySQL; Kafka's commit follows only when this resolves. @throws when the database went back. */
  async store(offsets: readonly NextOffset[]): Promise<void> {
    for (const { partition, next_offset } of offsets) {
      const known = this.#known.get(partition);
      if (known !== undefined && known >= next_offset) continue;
      const stored = await this.#store.storeOffset(partition, known, next_offset);
      if (stored === undefined || stored < (known ?? 0n))
        throw new Error('the stored place went back: nothing is committed');
      this.#known.set(partition, stored);
    }
  }

  async #findBack(partitions: readonly number[], stored: ReadonlyMap<number, bigint>): Promise<PartitionOffset[]> {
    const back: PartitionOffset[] = [];
    for (const partition of partitions) {
      const place = stored.get(partition);
      const known = this.#known.get(partition);
      if (place !== undefined && (known === undefined || place > known)) this.#known.set(partition, place);
      if (known === undefined || (place !== undefined && place >= known)) continue;
      const low = await this.#topic.lowWatermark(partition);
      back.push({ topic: TOPIC, partition, offset: place === undefined || place < low ? low : place });
    }
    return back;
  }

  async #beginAgain(back: readonly PartitionOffset[]): Promise<void> {
    await this.#store.beginEpoch();
    for (const { partition, offset } of back) this.#known.set(partition, offset);
    this.#onRewind(back);
    const positions = back.map(({ partition, offset }) => `${partition} to ${offset}`).join(', ');
    this.#log.error({ positions }, 'the database went back: the log is filled again from Kafka under a new epoch');
  }
}
