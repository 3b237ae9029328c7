import type { BatchPart, KafkaRecord, NextOffset, PartitionOffset, TopicPartition } from './record.ts';

/** How far a partition has come since the last rebalance. */
interface Progress extends TopicPartition {
  /** Where reading began, or went back to; undefined until the first records are here. */
  position: bigint | undefined;
  /** Everything below is handled; undefined until something is. */
  handled: bigint | undefined;
  committed: bigint | undefined;
  end: bigint;
  hadBatch: boolean;
  /** Grows with each rewind, so that work begun before it does not count. */
  turn: number;
}

/** The turns of the partitions when a piece of work began. */
export type Turns = ReadonlyMap<string, number>;

export function partitionKey({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

/**
 * What this member owns between two rebalances, and its progress in it. kafkajs goes back to the committed offsets at every
 * rebalance, also for partitions that stay: so nothing here outlives one, and work of an older assignment counts for nothing.
 */
export class Assignment {
  readonly partitions: readonly TopicPartition[];
  readonly #abort = new AbortController();
  readonly #progress: Map<string, Progress>;

  constructor(partitions: readonly TopicPartition[]) {
    this.partitions = partitions;
    const begin = ({ topic, partition }: TopicPartition): Progress => ({
      topic,
      partition,
      position: undefined,
      handled: undefined,
      committed: undefined,
      end: 0n,
      hadBatch: false,
      turn: 0,
    });
    this.#progress = new Map(partitions.map((at) => [partitionKey(at), begin(at)]));
  }

  /** Aborted when another assignment has taken this one's place. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  end(): void {
    this.#abort.abort();
  }

  has(at: TopicPartition): boolean {
    return this.#progress.has(partitionKey(at));
  }

  /** Notes that records were fetched from `position` on while the partition ended at `end`. */
  noteFetched(at: TopicPartition, position: bigint, end: bigint): void {
    const progress = this.#progress.get(partitionKey(at));
    if (progress === undefined) return;
    progress.position ??= position;
    progress.end = end;
  }

  /** Whether the record was handled already: kafkajs fetches again from the last resolved offset after an error. */
  isHandled(record: KafkaRecord): boolean {
    const handled = this.#progress.get(partitionKey(record))?.handled;
    return handled !== undefined && record.offset < handled;
  }

  /** What a batch of these records (partition by partition, offsets ascending) says of its partitions. */
  partsOf(records: readonly KafkaRecord[]): BatchPart[] {
    const parts = new Map<string, BatchPart>();
    for (const record of records) {
      const key = partitionKey(record);
      const progress = this.#progress.get(key);
      const first_offset = parts.get(key)?.first_offset ?? record.offset;
      parts.set(key, {
        topic: record.topic,
        partition: record.partition,
        is_first: progress?.hadBatch === false,
        first_offset,
        next_offset: record.offset + 1n,
        end_offset: progress?.end ?? record.offset + 1n,
        position: progress?.position ?? first_offset,
      });
    }
    return [...parts.values()];
  }

  turns(): Turns {
    return new Map([...this.#progress].map(([key, { turn }]) => [key, turn]));
  }

  /** Whether a rewind has come since the turns were taken. */
  isPast(record: TopicPartition, turns: Turns): boolean {
    const key = partitionKey(record);
    return this.#progress.get(key)?.turn !== turns.get(key);
  }

  /** Notes records as handled, in order; those of rewound partitions don't count. */
  markHandled(records: readonly KafkaRecord[], turns: Turns): void {
    for (const record of records) {
      const progress = this.#progress.get(partitionKey(record));
      if (progress === undefined || this.isPast(record, turns)) continue;
      progress.handled = record.offset + 1n;
      progress.hadBatch = true;
    }
  }

  rewind(to: PartitionOffset): void {
    const progress = this.#progress.get(partitionKey(to));
    if (progress === undefined) return;
    progress.turn += 1;
    progress.position = to.offset;
    progress.handled = undefined;
    // A lower offset than before must be committed too, once its records are handled.
    progress.committed = undefined;
  }

  uncommitted(): NextOffset[] {
    return [...this.#progress.values()].flatMap(({ topic, partition, handled, committed }) =>
      handled === undefined || handled === committed ? [] : [{ topic, partition, next_offset: handled }],
    );
  }

  markCommitted(offsets: readonly NextOffset[]): void {
    for (const offset of offsets) {
      const progress = this.#progress.get(partitionKey(offset));
      if (progress !== undefined && progress.handled !== undefined) progress.committed = offset.next_offset;
    }
  }

  /** Learns the ends of a topic's partitions from elsewhere than a fetch. */
  noteEnds(topic: string, ends: ReadonlyMap<number, bigint>): void {
    for (const progress of this.#progress.values()) {
      if (progress.topic === topic) progress.end = ends.get(progress.partition) ?? progress.end;
    }
  }

  /** Records of the topic that are in Kafka and not yet handled here, as far as it is known. */
  lagOf(topic: string): number {
    let lag = 0n;
    for (const progress of this.#progress.values()) {
      const at = progress.handled ?? progress.position;
      if (progress.topic === topic && at !== undefined && progress.end > at) lag += progress.end - at;
    }
    return Number(lag);
  }
}
