import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaConnection } from './connection.ts';
import { fetchEndOffsets, fetchLowWatermark } from './topics.ts';

const SESSION_TIMEOUT_MS = 10_000;
const POLL_MS = 20;

/** Writes every record that the topic holds now once more behind itself, partition by partition; for fault tests. */
export async function copyTopic(kafka: KafkaConnection, topic: string): Promise<void> {
  const ends = await fetchEndOffsets(kafka, topic);
  const open = new Set<number>();
  for (const [partition, end] of ends) {
    if ((await fetchLowWatermark(kafka, topic, partition)) < end) open.add(partition);
  }
  const producer = kafka.producer({ requestTimeoutMs: SESSION_TIMEOUT_MS });
  const consumer = kafka.consumer({ groupId: `copy.${randomUUID()}`, sessionTimeout: SESSION_TIMEOUT_MS }, () => {});
  await Promise.all([producer.connect(), consumer.connect()]);
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        const { partition } = batch;
        const end = ends.get(partition) ?? 0n;
        const messages = batch.messages.filter((message) => BigInt(message.offset) < end);
        if (!open.has(partition)) return;
        const copies = messages.map(({ key, value, headers }) => ({
          key,
          value,
          partition,
          ...(headers ? { headers } : {}),
        }));
        if (copies.length > 0) await producer.send({ topic, acks: -1, messages: copies });
        if (BigInt(batch.lastOffset()) + 1n >= end) open.delete(partition);
      },
    });
    while (open.size > 0) await delay(POLL_MS);
  } finally {
    await consumer.disconnect();
    await producer.disconnect();
  }
}
