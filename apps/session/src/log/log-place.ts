/**
 * The writer's place in the inbound topic, kept in MySQL beside the rows it covers.
 *
 * Invariant: rows first, then the place in MySQL, over the very connection that wrote them, then Kafka's commit. So in a
 * database that never went back the stored place is at least Kafka's, and at least what this writer stored last. A lower one
 * means that the database went back (a restore, a fail-over with loss): reading starts again at the stored place, under a
 * new log epoch. A higher one is another writer that went further: its rows are there, and ours are dropped by the keys.
 *
 * A connection that broke between rows and place proves nothing about the database behind the next one: what the place does
 * not cover yet is read again, which changes nothing where the rows are still there.
 */
import { topics } from '#libs/contracts';
import { type BatchPart, type NextOffset, type PartitionOffset, Rewind } from '#libs/kafka';
import type { Logger } from '#libs/observability';
import type { MessageStore } from './message.store.ts';
import type { PlaceStore } from './place.store.ts';

const TOPIC = topics.inbound.name;
/** No connection has this number: rows that were written over several ones. */
const SEVERAL = -1;

export interface InboundTopic {
  /** The oldest offset that is still there. */
  lowWatermark(partition: number): Promise<bigint>;
  /** What the group has committed to Kafka; null for a partition that never was. */
  committed(): Promise<ReadonlyMap<number, bigint | null>>;
  seek(partition: number, offset: bigint): void;
}

export interface LogPlaceParts {
  messages: MessageStore;
  places: PlaceStore;
  topic: InboundTopic;
  /** Told when the database went back: an alarm. */
  onRewind: (positions: readonly PartitionOffset[]) => void;
  log: Logger;
}

/** A partition whose stored place is lower than it was. */
interface Back extends PartitionOffset {
  readonly stored: bigint | undefined;
}

export class LogPlace {
  readonly #parts: LogPlaceParts;
  /** The highest place seen or stored in MySQL, by owned partition. */
  readonly #known = new Map<number, bigint>();
  /** Over which connection the rows behind the known place were written. */
  readonly #writtenOver = new Map<number, number>();
  #owned: readonly number[] = [];

  constructor(parts: LogPlaceParts) {
    this.#parts = parts;
  }

  /** Before the first batch of an assignment: a database that went back while nobody wrote shows itself here. */
  async takeOver(partitions: readonly number[]): Promise<void> {
    const { places, topic } = this.#parts;
    const [stored, committed] = await Promise.all([places.readOffsets(partitions), topic.committed()]);
    const back: Back[] = [];
    this.#owned = partitions;
    this.#writtenOver.clear();
    for (const partition of partitions) {
      const place = stored.get(partition);
      const reached = committed.get(partition) ?? null;
      this.#know(partition, place);
      if (reached === null || (place !== undefined && place >= reached)) continue;
      const low = await topic.lowWatermark(partition);
      if (place === undefined && reached <= low) continue;
      back.push(backTo(partition, place, low));
    }
    await this.#beginAgain(back);
    for (const { partition, offset } of back) topic.seek(partition, offset);
  }

  release(partitions: readonly number[]): void {
    this.#owned = this.#owned.filter((partition) => !partitions.includes(partition));
    for (const partition of partitions) {
      this.#known.delete(partition);
      this.#writtenOver.delete(partition);
    }
  }

  /** With each batch's read. @throws Rewind when the database went back under the running writer. */
  async check(parts: readonly BatchPart[], stored: ReadonlyMap<number, bigint>): Promise<void> {
    const partitions = parts.map((part) => part.partition);
    const back = await this.#findBack(partitions, stored);
    if (back.length === 0) return;
    await this.#beginAgain(back);
    throw new Rewind(toPositions(back));
  }

  /** While nothing comes in: the same check over all owned partitions, followed by a seek; returns where to. */
  async watch(): Promise<PartitionOffset[]> {
    const { places, topic } = this.#parts;
    // A place that is stored while this reads must not be held against what was read before it.
    const known = new Map(this.#known);
    const back = await this.#findBack(this.#owned, await places.readOffsets(this.#owned), known);
    await this.#beginAgain(back);
    for (const { partition, offset } of back) topic.seek(partition, offset);
    return toPositions(back);
  }

  /** All rows of these records are in the database now, written or found over this connection. */
  noteStored(parts: readonly BatchPart[], connection_id: number): void {
    for (const { partition } of parts) {
      const before = this.#writtenOver.get(partition) ?? connection_id;
      this.#writtenOver.set(partition, before === connection_id ? connection_id : SEVERAL);
    }
  }

  /** Stores the places in MySQL; Kafka's commit follows only when this resolves. @throws when it is not sure of the rows. */
  async store(offsets: readonly NextOffset[]): Promise<void> {
    const { messages } = this.#parts;
    for (const { partition, next_offset } of offsets) {
      const from = this.#known.get(partition);
      if (from !== undefined && from >= next_offset) continue;
      // Where all records since then were dead-lettered there are no rows to be sure of.
      const written = this.#writtenOver.get(partition) ?? (await messages.open());
      if (written !== messages.connection_id) await this.#readAgain(partition);
      const stored = await messages.storeOffset({ partition, from, to: next_offset }, written);
      if (stored === undefined || stored < (from ?? 0n)) throw new Error('the stored place went back');
      this.#know(partition, stored);
      this.#writtenOver.delete(partition);
    }
  }

  async #readAgain(partition: number): Promise<never> {
    const offset = this.#known.get(partition) ?? (await this.#parts.topic.lowWatermark(partition));
    this.#writtenOver.delete(partition);
    this.#parts.topic.seek(partition, offset);
    throw new Error(`the connection broke before the place of partition ${partition} was stored: it is read again`);
  }

  async #findBack(
    partitions: readonly number[],
    stored: ReadonlyMap<number, bigint>,
    atRead: ReadonlyMap<number, bigint> = this.#known,
  ): Promise<Back[]> {
    const back: Back[] = [];
    for (const partition of partitions) {
      const place = stored.get(partition);
      const known = atRead.get(partition);
      if (place !== undefined && place > (this.#known.get(partition) ?? -1n)) this.#know(partition, place);
      if (known === undefined || (place !== undefined && place >= known)) continue;
      back.push(backTo(partition, place, await this.#parts.topic.lowWatermark(partition)));
    }
    return back;
  }

  async #beginAgain(back: readonly Back[]): Promise<void> {
    if (back.length === 0) return;
    await this.#parts.places.beginEpoch();
    for (const { partition, stored } of back) {
      this.#know(partition, stored);
      this.#writtenOver.delete(partition);
    }
    this.#parts.onRewind(back);
    const positions = back.map(({ partition, offset }) => `${partition} to ${offset}`).join(', ');
    this.#parts.log.error({ positions }, 'the database went back: the log is filled again from Kafka');
  }

  #know(partition: number, place: bigint | undefined): void {
    if (place === undefined) this.#known.delete(partition);
    else this.#known.set(partition, place);
  }
}

function toPositions(back: readonly Back[]): PartitionOffset[] {
  return back.map(({ topic, partition, offset }) => ({ topic, partition, offset }));
}

function backTo(partition: number, stored: bigint | undefined, low: bigint): Back {
  return { topic: TOPIC, partition, offset: stored === undefined || stored < low ? low : stored, stored };
}
