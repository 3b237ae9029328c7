import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMetrics } from '#libs/observability';
import { BatchConsumer, createKafka, createTopics, type KafkaRecord, type Log, OrderedProducer } from './index.ts';

const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const metrics = createMetrics({ service: 'test' });
const kafka = createKafka({
  brokers: (process.env['KAFKA_BROKERS'] ?? '').split(','),
  clientId: 'ordered-producer-test',
  log,
});
const producer = new OrderedProducer({ kafka, log, metrics });

beforeAll(() => producer.connect());
afterAll(() => producer.close());

async function readUntil(topic: string, count: number): Promise<KafkaRecord[]> {
  const records: KafkaRecord[] = [];
  const consumer = new BatchConsumer({
    kafka,
    groupId: `reader.${topic}`,
    topics: [topic],
    handler: (batch) => Promise.resolve(void records.push(...batch.records)),
    log,
    metrics,
    onCrash: () => {},
  });
  await consumer.start();
  await expect.poll(() => records.length, { timeout: 20_000, interval: 20 }).toBe(count);
  await consumer.close();
  return records;
}

test('concurrent sends of a key reach Kafka in the order of the calls, once, with their headers', async () => {
  const topic = `test.${randomUUID()}`;
  await createTopics(kafka, [{ name: topic, partitions: 6, replicationFactor: 1 }]);
  const sendings: Promise<void>[] = [];
  for (let number = 0; number < 3_000; number += 1) {
    const key = `key-${number % 20}`;
    sendings.push(producer.send(topic, { key, value: String(number), headers: { channel_id: '频道' } }));
    // Some in the same turn of the event loop, some while requests are under way.
    if (number % 7 === 0) await new Promise(setImmediate);
  }
  await Promise.all(sendings);
  const records = await readUntil(topic, 3_000);
  const byKey = Map.groupBy(records, ({ key }) => key);
  expect(byKey.size).toBe(20);
  for (const own of byKey.values()) {
    const numbers = own.map(({ value }) => Number(value.toString()));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(new Set(numbers).size).toBe(150);
    expect(new Set(own.map(({ partition }) => partition)).size).toBe(1);
  }
  expect(records[0]?.headers).toEqual({ channel_id: '频道' });
});

test('a topic that does not exist fails the call within its deadline, and the next call works', async () => {
  const impatient = new OrderedProducer({ kafka, log, metrics, deadlineMs: 1_000 });
  await impatient.connect();
  await expect(impatient.send(`missing.${randomUUID()}`, { key: 'k', value: '1' })).rejects.toMatchObject({
    name: 'SendFailed',
    retryable: true,
  });
  const topic = `test.${randomUUID()}`;
  await createTopics(kafka, [{ name: topic, partitions: 1, replicationFactor: 1 }]);
  await expect
    .poll(() => impatient.send(topic, { key: 'k', value: '1' }).then(() => 'acked', String), { timeout: 20_000 })
    .toBe('acked');
  await impatient.close();
});
