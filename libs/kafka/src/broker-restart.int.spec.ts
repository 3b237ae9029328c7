import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Engine, findFreePort, locateKafkaJars, startKafka } from '#libs/instance';
import { createMetrics } from '#libs/observability';
import { waitUntil } from '#libs/testing';
import { BatchConsumer, createKafka, createTopics, type KafkaRecord, type Log, OrderedProducer } from './index.ts';

// So many of them, and so often asking, that the broker's farewell meets one of them in every one of its steps.
const GROUPS = 16;
const HEARTBEAT_MS = 15;

const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const metrics = createMetrics({ service: 'test' });
let folder: string;
let engine: Engine;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kafka-'));
  engine = await startKafka({
    jarDir: locateKafkaJars(join(import.meta.dirname, '..', '..', '..'), process.env).jarDir,
    dataDir: join(folder, 'kafka'),
    port: await findFreePort(),
    controllerPort: await findFreePort(),
    logFile: join(folder, 'kafka.log'),
    env: process.env,
    onSpawn: () => undefined,
  });
});
afterAll(async () => {
  await engine?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('a broker that is stopped and started ends no consumer: all go on by themselves', async () => {
  const topic = `test.${randomUUID()}`;
  const kafka = createKafka({ brokers: [engine.url], clientId: 'broker-restart-test', log });
  await createTopics(kafka, [{ name: topic, partitions: 1, replicationFactor: 1 }]);
  const producer = new OrderedProducer({ kafka, log, metrics });
  await producer.connect();
  const crashes: Error[] = [];
  const seen: KafkaRecord[][] = [];
  const consumers: BatchConsumer[] = [];
  onTestFinished(async () => {
    await Promise.all(consumers.map((consumer) => consumer.close()));
    await producer.close();
  }, 30_000);
  for (let group = 0; group < GROUPS; group += 1) {
    const own: KafkaRecord[] = [];
    seen.push(own);
    const consumer = new BatchConsumer({
      kafka,
      groupId: `group.${group}`,
      topics: [topic],
      handler: async ({ records }) => void own.push(...records),
      log,
      metrics,
      heartbeatMs: HEARTBEAT_MS,
      onCrash: (error) => void crashes.push(error),
    });
    consumers.push(consumer);
    await consumer.start();
  }
  const haveAll = (value: string) => () => seen.every((own) => own.some((record) => record.value.toString() === value));
  await producer.send(topic, { key: 'k', value: 'before' });
  await waitUntil('all to have the first one', haveAll('before'));
  await engine.stop();
  await engine.start();
  const isTaken = () => producer.send(topic, { key: 'k', value: 'after' }).then(() => true);
  await waitUntil('Kafka to take one more', isTaken, { limit_ms: 60_000 });
  await waitUntil('all to have it, or one to end', () => crashes.length > 0 || haveAll('after')(), {
    limit_ms: 60_000,
  });
  expect(crashes).toEqual([]);
}, 240_000);
