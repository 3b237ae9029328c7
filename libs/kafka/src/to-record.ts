import type { EachBatchPayload, IHeaders, KafkaMessage } from 'kafkajs';
import type { KafkaRecord, TopicPartition } from './record.ts';

const NOTHING = Buffer.alloc(0);

export function toRecord({ topic, partition }: TopicPartition, message: KafkaMessage): KafkaRecord {
  return {
    topic,
    partition,
    offset: BigInt(message.offset),
    key: message.key === null ? null : message.key.toString(),
    value: message.value ?? NOTHING,
    headers: readHeaders(message.headers),
    timestamp: Number(message.timestamp),
  };
}

/** The offset from which the batch was asked for; kafkajs has it, its types don't. */
export function positionOf(batch: EachBatchPayload['batch']): bigint {
  if ('fetchedOffset' in batch && typeof batch.fetchedOffset === 'string') return BigInt(batch.fetchedOffset);
  return BigInt(batch.firstOffset() ?? 0);
}

function readHeaders(headers: IHeaders | undefined): Record<string, string> {
  const read: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    // A name may repeat; the first one counts.
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) read[name] = first.toString();
  }
  return read;
}
