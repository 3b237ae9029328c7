import { KafkaError, Overloaded, SendFailed } from './errors.ts';
import type { TopicRecord } from './record.ts';

/** Limits of what may wait for Kafka, and of one request. */
export interface QueueLimits {
  readonly maxQueuedRecords: number;
  readonly maxQueuedBytes: number;
  readonly maxBatchRecords: number;
  readonly maxBatchBytes: number;
  readonly maxRecordBytes: number;
}

/** One call of `send` or `sendMany`: settled once, when its last record is acked or its first one has failed. */
export interface Call {
  remaining: number;
  readonly deadlineAt: number;
  settle(error?: KafkaError): void;
}

/** A record that waits or is under way. */
export interface Entry {
  readonly record: TopicRecord;
  readonly bytes: number;
  readonly queuedAt: number;
  readonly call: Call;
}

// Key, headers' lengths and the record's own fields; generous, so that a batch never outgrows the broker's limit.
const RECORD_OVERHEAD_BYTES = 100;

/** Records in the order of their calls, bounded in number and bytes. */
export class SendQueue {
  readonly #limits: QueueLimits;
  #entries: Entry[] = [];
  #bytes = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#entries.length;
  }

  get oldestQueuedAt(): number | undefined {
    return this.#entries[0]?.queuedAt;
  }

  /**
   * Takes all records of a call, or none.
   * @throws Overloaded, or SendFailed for a record that Kafka would refuse whenever it came.
   */
  add(records: readonly TopicRecord[], call: Call, now: number): void {
    const entries = records.map((record) => ({ record, bytes: bytesOf(record), queuedAt: now, call }));
    const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
    const tooLarge = entries.find((entry) => entry.bytes > this.#limits.maxRecordBytes);
    if (tooLarge !== undefined) {
      throw new SendFailed('RECORD_TOO_LARGE', `a record of ${tooLarge.bytes} bytes is too large`, {
        retryable: false,
      });
    }
    const isFull =
      this.#entries.length + entries.length > this.#limits.maxQueuedRecords ||
      this.#bytes + bytes > this.#limits.maxQueuedBytes;
    // A call on its own may be larger than the queue: it would never fit.
    if (isFull && this.#entries.length > 0) throw new Overloaded(this.#entries.length);
    for (const entry of entries) this.#entries.push(entry);
    this.#bytes += bytes;
  }

  /** Removes and gives what the next request carries. */
  takeBatch(): Entry[] {
    let count = 0;
    let bytes = 0;
    for (const entry of this.#entries) {
      if (count >= this.#limits.maxBatchRecords) break;
      if (count > 0 && bytes + entry.bytes > this.#limits.maxBatchBytes) break;
      count += 1;
      bytes += entry.bytes;
    }
    this.#bytes -= bytes;
    return this.#entries.splice(0, count);
  }

  /** Removes what no longer has a caller, because the call has failed already. */
  drop(isDead: (entry: Entry) => boolean): Entry[] {
    const dead = this.#entries.filter(isDead);
    if (dead.length === 0) return dead;
    this.#entries = this.#entries.filter((entry) => !isDead(entry));
    this.#bytes -= dead.reduce((sum, entry) => sum + entry.bytes, 0);
    return dead;
  }
}

function bytesOf({ topic, key, value, headers }: TopicRecord): number {
  let bytes = RECORD_OVERHEAD_BYTES + topic.length + Buffer.byteLength(key) + Buffer.byteLength(value);
  for (const [name, text] of Object.entries(headers ?? {})) bytes += name.length + Buffer.byteLength(text) + 4;
  return bytes;
}
