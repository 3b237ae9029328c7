import type { PartitionOffset } from './record.ts';

/** What went wrong with Kafka; `retryable`: the same call may succeed later. */
export class KafkaError extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, more: { retryable: boolean; cause?: unknown }) {
    super(message, { cause: more.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = more.retryable;
  }
}

/** A record was not acked. When retryable its outcome is unknown: it may be in the topic, or come there late. */
export class SendFailed extends KafkaError {}

/** The producer's queue is full; nothing of the call was sent. */
export class Overloaded extends KafkaError {
  constructor(queued: number) {
    super('OVERLOADED', `${queued} records wait for Kafka already`, { retryable: true });
  }
}

/** A wait on Kafka came to its deadline. */
export class DeadlineExceeded extends KafkaError {
  constructor(what: string, limitMs: number, cause?: unknown) {
    super('DEADLINE_EXCEEDED', `${what}: not within ${limitMs} ms`, { retryable: true, cause });
  }
}

/** The consumer shows no sign of life, or Kafka cut it off for good; the process should end. */
export class ConsumerCrashed extends KafkaError {
  constructor(groupId: string, reason: string, cause?: unknown) {
    super('CONSUMER_CRASHED', `consumer of ${groupId}: ${reason}`, { retryable: false, cause });
  }
}

/**
 * Thrown by a batch handler for a listed data error: one record can never be handled, whoever tries.
 * The batch is bisected until that record is alone, and only then dead-lettered. `index` (in `batch.records`) saves the search.
 */
export class RecordError extends Error {
  readonly code: string;
  readonly index: number | undefined;

  constructor(code: string, message: string, more: { index?: number; cause?: unknown } = {}) {
    super(message, { cause: more.cause });
    this.name = 'RecordError';
    this.code = code;
    this.index = more.index;
  }
}

/**
 * Thrown by a batch handler to go to other offsets: nothing of the named partitions counts as handled, reading goes on at
 * `offset`, and the batch's records of other partitions come again.
 */
export class Rewind extends Error {
  readonly positions: readonly PartitionOffset[];

  /** @throws TypeError without a position: the same batch would come again at once, for ever. */
  constructor(positions: readonly PartitionOffset[]) {
    if (positions.length === 0) throw new TypeError('a rewind needs a position');
    super(`rewind ${positions.map((at) => `${at.topic}/${at.partition} to ${at.offset}`).join(', ')}`);
    this.name = 'Rewind';
    this.positions = positions;
  }
}
