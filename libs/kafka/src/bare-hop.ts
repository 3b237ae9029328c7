import { randomUUID } from 'node:crypto';
import type { KafkaConnection } from './connection.ts';
import { createTopics } from './topics.ts';

const REQUEST_TIMEOUT_MS = 10_000;
const MAX_WAIT_MS = 100;

/** A producer and a consumer with nothing between them, to measure what a hop costs at least. */
export interface BareHop {
  /** Resolves when Kafka has acked. */
  send(value: string): Promise<void>;
  close(): Promise<void>;
}

/** Joins before it resolves: what is sent afterwards is seen. One produce request a value, acks = all. */
export async function createBareHop(kafka: KafkaConnection, onValue: (value: string) => void): Promise<BareHop> {
  const topic = `floor.${randomUUID()}`;
  await createTopics(kafka, [{ name: topic, partitions: 1, replicationFactor: 1 }]);
  const producer = kafka.producer({ requestTimeoutMs: REQUEST_TIMEOUT_MS });
  const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: MAX_WAIT_MS }, () => {});
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topic, fromBeginning: true });
  const joined = new Promise<void>((resolve) => consumer.on(consumer.events.GROUP_JOIN, () => resolve()));
  await consumer.run({
    autoCommit: false,
    eachMessage: ({ message }) => Promise.resolve(onValue(message.value?.toString() ?? '')),
  });
  await joined;
  return {
    send: async (value) => {
      await producer.send({ topic, acks: -1, messages: [{ value }] });
    },
    close: async () => {
      await consumer.disconnect();
      await producer.disconnect();
    },
  };
}
