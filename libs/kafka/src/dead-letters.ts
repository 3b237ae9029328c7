import { deadLetterTopic } from '#libs/contracts';
import type { KafkaConnection } from './connection.ts';
import type { RecordError } from './errors.ts';
import { OrderedProducer } from './ordered-producer.ts';
import type { Log, Meter } from './ports.ts';
import type { KafkaRecord } from './record.ts';

// A broker takes 1 MiB by default, with key and headers; a larger poison record must still leave the way of the others.
const MAX_VALUE_BYTES = 900_000;
const MAX_RECORD_BYTES = 1_000_000;
const MAX_REASON_LENGTH = 500;

/** Where records go that no one can handle: `<topic>.<group>.dlq`, as they were, with headers that say where from and why. */
export class DeadLetters {
  readonly #groupId: string;
  readonly #create: () => OrderedProducer;
  #producer: Promise<OrderedProducer> | undefined;

  constructor(options: { kafka: KafkaConnection; groupId: string; log: Log; metrics: Meter }) {
    this.#groupId = options.groupId;
    this.#create = () =>
      new OrderedProducer({ ...options, maxRecordBytes: MAX_RECORD_BYTES, maxBatchBytes: MAX_RECORD_BYTES });
  }

  /** Resolves when Kafka has the dead letter. @throws SendFailed, DeadlineExceeded */
  async add(record: KafkaRecord, error: RecordError): Promise<void> {
    const producer = await this.#connected();
    const isCut = record.value.length > MAX_VALUE_BYTES;
    await producer.send(deadLetterTopic(record.topic, this.#groupId), {
      key: record.key ?? '',
      value: isCut ? record.value.subarray(0, MAX_VALUE_BYTES) : record.value,
      headers: {
        ...record.headers,
        dlq_topic: record.topic,
        dlq_partition: String(record.partition),
        dlq_offset: String(record.offset),
        dlq_group: this.#groupId,
        dlq_error_code: error.code,
        dlq_error: error.message.slice(0, MAX_REASON_LENGTH),
        dlq_time: new Date().toISOString(),
        ...(isCut ? { dlq_cut_from_bytes: String(record.value.length) } : {}),
      },
    });
  }

  async close(): Promise<void> {
    const producer = await this.#producer?.catch(() => undefined);
    await producer?.close();
  }

  /** Connects at the first dead letter: most consumers never have one. */
  #connected(): Promise<OrderedProducer> {
    this.#producer ??= this.#connect().catch((error: unknown) => {
      this.#producer = undefined;
      throw error;
    });
    return this.#producer;
  }

  async #connect(): Promise<OrderedProducer> {
    const producer = this.#create();
    await producer.connect();
    return producer;
  }
}
