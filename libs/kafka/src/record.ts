/** A record on its way to Kafka. Records of one key keep their order. */
export interface OutgoingRecord {
  readonly key: string;
  readonly value: string | Buffer;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A record with the topic it goes to. */
export interface TopicRecord extends OutgoingRecord {
  readonly topic: string;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A place in a partition; `offset` is the next record to read. */
export interface PartitionOffset extends TopicPartition {
  readonly offset: bigint;
}

/** Everything below `next_offset` has been handled. */
export interface NextOffset extends TopicPartition {
  readonly next_offset: bigint;
}

/** A record as it was read; header values as UTF-8 text, a missing value as an empty buffer. */
export interface KafkaRecord extends TopicPartition {
  readonly offset: bigint;
  readonly key: string | null;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds since 1970, as the producer stamped it. */
  readonly timestamp: number;
}

/** What a batch holds of one partition. */
export interface BatchPart extends TopicPartition {
  /** The first batch of the partition since the last rebalance. */
  readonly is_first: boolean;
  readonly first_offset: bigint;
  readonly next_offset: bigint;
  /** Kafka's end of the partition when the records were fetched: the next offset to be written. */
  readonly end_offset: bigint;
  /** Where reading began after the last rebalance: the group's committed offset, unless there was none or a rewind came. */
  readonly position: bigint;
}

/** One piece of work: records of all partitions that were fetched together, partition by partition, offsets ascending. */
export interface RecordBatch {
  readonly records: readonly KafkaRecord[];
  readonly parts: readonly BatchPart[];
  /** Aborted when a rebalance takes the partitions away, or the drain at the end runs out of time; finishing is harmless. */
  readonly signal: AbortSignal;
}

/** Resolves when all of the batch is durable and published; see BatchConsumer for what its errors mean. */
export type BatchHandler = (batch: RecordBatch) => Promise<void>;
