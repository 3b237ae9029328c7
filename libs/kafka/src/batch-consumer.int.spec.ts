import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deadLetterTopic } from '#libs/contracts';
import { createMetrics } from '#libs/observability';
import { waitUntil } from '#libs/testing';
import {
  BatchConsumer,
  type BatchConsumerOptions,
  createKafka,
  createTopics,
  fetchCommittedOffsets,
  fetchEndOffsets,
  type KafkaRecord,
  type Log,
  OrderedProducer,
  RecordError,
  type RecordBatch,
  Rewind,
} from './index.ts';

const PARTITIONS = 4;
const brokers = (process.env['KAFKA_BROKERS'] ?? '').split(',');
const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const metrics = createMetrics({ service: 'test' });
const kafka = createKafka({ brokers, clientId: 'batch-consumer-test', log });
const producer = new OrderedProducer({ kafka, log, metrics });
const WAIT = { limit_ms: 30_000, every_ms: 20 };

beforeAll(() => producer.connect());
afterAll(() => producer.close());

/** A topic and a group of their own, with as many consumers as the test wants. */
async function given(records: number, partitions = PARTITIONS) {
  const id = randomUUID();
  const topic = `test.${id}`;
  const groupId = `group.${id}`;
  await createTopics(kafka, [
    { name: topic, partitions, replicationFactor: 1 },
    { name: deadLetterTopic(topic, groupId), partitions: 1, replicationFactor: 1 },
  ]);
  let sent = 0;
  const send = async (count: number) => {
    const next = Array.from({ length: count }, () => ({ topic, key: `key-${sent % 16}`, value: String(sent++) }));
    await producer.sendMany(next);
  };
  await send(records);
  const consumers: BatchConsumer[] = [];
  const crashes: Error[] = [];
  const consume = async (handler: BatchConsumerOptions['handler'], more: Partial<BatchConsumerOptions> = {}) => {
    const options = {
      kafka,
      groupId,
      topics: [topic],
      handler,
      log,
      metrics,
      onCrash: (error: Error) => crashes.push(error),
    };
    const consumer = new BatchConsumer({ ...options, ...more });
    consumers.push(consumer);
    await consumer.start();
    return consumer;
  };
  const close = () => Promise.all(consumers.map((consumer) => consumer.close()));
  const committed = async () => sum((await fetchCommittedOffsets(kafka, groupId, topic)).values());
  return { topic, groupId, send, consume, close, committed, crashes };
}

function sum(offsets: Iterable<bigint | null>): number {
  return [...offsets].reduce((total: number, offset) => total + Number(offset ?? 0), 0);
}
const numberIn = (record: KafkaRecord) => Number(record.value.toString());
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);
const sorted = (values: Iterable<number>) => [...values].sort((a, b) => a - b);

/** What came to a handler; each partition must ascend, repetitions may begin anew. */
class Seen {
  readonly values: number[] = [];
  readonly batches: RecordBatch[] = [];
  readonly offsets = new Map<number, bigint[]>();

  add(batch: RecordBatch): void {
    this.batches.push(batch);
    for (const record of batch.records) {
      this.values.push(numberIn(record));
      this.offsets.set(record.partition, [...(this.offsets.get(record.partition) ?? []), record.offset]);
    }
  }

  get distinct(): number {
    return new Set(this.values).size;
  }

  isGapless(): boolean {
    return [...this.offsets.values()].every((offsets) =>
      offsets.every((offset, index) => index === 0 || offset <= (offsets[index - 1] ?? 0n) + 1n),
    );
  }
}

describe.concurrent('a batch consumer', () => {
  test('gets all partitions of a fetch in one call, in order, once', async () => {
    const { consume, close } = await given(200);
    const seen = new Seen();
    let atOnce = 0;
    await consume(async (batch) => {
      atOnce += 1;
      expect(atOnce).toBe(1);
      await new Promise(setImmediate);
      seen.add(batch);
      atOnce -= 1;
    });
    await waitUntil('200 records', () => seen.distinct === 200, WAIT);
    expect(seen.batches[0]?.parts).toHaveLength(PARTITIONS);
    expect(seen.batches[0]?.parts.every(({ is_first, position }) => is_first && position === 0n)).toBe(true);
    expect(seen.batches).toHaveLength(1);
    expect(seen.values).toHaveLength(200);
    expect(seen.isGapless()).toBe(true);
    await close();
  });

  test('never hands out more than maxRecords', async () => {
    const { consume, close } = await given(500);
    const seen = new Seen();
    await consume(async (batch) => seen.add(batch), { maxRecords: 64 });
    await waitUntil('500 records', () => seen.distinct === 500, WAIT);
    expect(Math.max(...seen.batches.map(({ records }) => records.length))).toBe(64);
    expect(sorted(seen.values)).toEqual(upTo(500));
    expect(seen.isGapless()).toBe(true);
    await close();
  });

  test.each([true, false])(
    'dead-letters the one poison record of 200 and handles the others once (index told: %s)',
    async (tells) => {
      const { topic, groupId, consume, close, committed } = await given(200);
      const seen = new Seen();
      await consume(async (batch) => {
        const index = batch.records.findIndex((record) => numberIn(record) === 123);
        if (index !== -1) throw new RecordError('VALIDATION_FAILED', 'cannot be read', tells ? { index } : {});
        seen.add(batch);
      });
      await waitUntil('199 records', () => seen.distinct === 199, WAIT);
      await close();
      expect(sorted(seen.values)).toEqual(upTo(200).filter((value) => value !== 123));
      for (const offsets of seen.offsets.values()) expect(offsets).toEqual([...offsets].sort((a, b) => Number(a - b)));
      expect(await committed()).toBe(200);
      const dead = await readAll(deadLetterTopic(topic, groupId));
      expect(dead.map(numberIn)).toEqual([123]);
      expect(dead[0]?.headers).toMatchObject({
        dlq_topic: topic,
        dlq_group: groupId,
        dlq_error_code: 'VALIDATION_FAILED',
      });
    },
  );

  test('tries a failing batch again until it passes, keeps its membership beyond the session timeout, skips nothing', async () => {
    const { consume, close, committed, crashes } = await given(50);
    const seen = new Seen();
    const assigned: number[] = [];
    let failsUntil: number | undefined;
    let failures = 0;
    await consume(
      async (batch) => {
        failsUntil ??= Date.now() + 9_000;
        if (Date.now() < failsUntil) {
          failures += 1;
          throw new TypeError('the database is away');
        }
        seen.add(batch);
      },
      { onAssigned: (partitions) => void assigned.push(partitions.length), sessionTimeoutMs: 6_000 },
    );
    await waitUntil('more than 1', () => failures > 1, WAIT);
    expect(await committed()).toBe(0);
    await waitUntil('50 records', () => seen.distinct === 50, WAIT);
    expect(sorted(seen.values)).toEqual(upTo(50));
    expect(assigned).toEqual([PARTITIONS]);
    expect(crashes).toEqual([]);
    await close();
  });

  test('goes back where the handler says, and the other partitions lose and repeat nothing', async () => {
    const { topic, consume, close } = await given(160);
    const seen = new Seen();
    let back = false;
    await consume(
      async (batch) => {
        const part = batch.parts.find(({ next_offset }) => next_offset > 20n);
        if (!back && part !== undefined) {
          back = true;
          throw new Rewind([{ topic, partition: part.partition, offset: 3n }]);
        }
        seen.add(batch);
      },
      { maxRecords: 24 },
    );
    await waitUntil('160 records', () => seen.distinct === 160, WAIT);
    const ends = await fetchEndOffsets(kafka, topic);
    await waitUntil(
      'the ends of all partitions',
      () => [...seen.offsets].every(([at, offsets]) => offsets.at(-1) === (ends.get(at) ?? 0n) - 1n),
      WAIT,
    );
    const repeated = [...seen.offsets].filter(([, offsets]) => new Set(offsets).size !== offsets.length);
    expect(repeated).toHaveLength(1);
    expect(repeated[0]?.[1].filter((offset) => offset === 3n)).toHaveLength(2);
    expect(repeated[0]?.[1].filter((offset) => offset === 2n)).toHaveLength(1);
    expect(seen.isGapless()).toBe(true);
    await close();
  });

  test('hands out nothing while paused and goes on where it stood', async () => {
    const { topic, consume, close, send } = await given(10);
    const seen = new Seen();
    const consumer = await consume(async (batch) => seen.add(batch));
    await waitUntil('10 records', () => seen.distinct === 10, WAIT);
    consumer.pause();
    const calls = seen.batches.length;
    await send(10);
    // A record of another group's consumer shows that the time was enough for a fetch.
    await readAll(topic);
    expect(seen.batches).toHaveLength(calls);
    consumer.resume();
    await waitUntil('20 records', () => seen.distinct === 20, WAIT);
    await close();
  });

  test('commits when closing, after the handler has finished and the hook has agreed', async () => {
    const { consume, close, committed } = await given(40);
    const steps: string[] = [];
    let entered = false;
    const release = Promise.withResolvers<void>();
    await consume(
      async () => {
        entered = true;
        await release.promise;
        steps.push('handled');
      },
      {
        commitIntervalMs: 60_000,
        beforeCommit: async (offsets) => {
          expect(await committed()).toBe(0);
          steps.push(`hook ${sum(offsets.map(({ next_offset }) => next_offset))}`);
        },
      },
    );
    await waitUntil('the handler', () => entered, WAIT);
    const closed = close();
    release.resolve();
    await closed;
    expect(steps).toEqual(['handled', 'hook 40']);
    expect(await committed()).toBe(40);
  });

  test('does not commit to Kafka what the hook could not store, and does so later', async () => {
    const { consume, close, committed } = await given(30);
    let isDown = true;
    let calls = 0;
    await consume(async () => {}, {
      commitIntervalMs: 50,
      beforeCommit: async () => {
        calls += 1;
        if (isDown) throw new Error('the database is away');
      },
    });
    await waitUntil('more than 2', () => calls > 2, WAIT);
    expect(await committed()).toBe(0);
    isDown = false;
    await waitUntil('30 committed', async () => (await committed()) === 30, WAIT);
    await close();
  });

  test('two share the partitions; one leaves; nothing is lost', async () => {
    const { consume, close, send } = await given(100);
    const seen = new Seen();
    const first = await consume(async (batch) => seen.add(batch));
    await waitUntil('100 records', () => seen.distinct === 100, WAIT);
    const other = new Seen();
    const owned: number[] = [];
    await consume(async (batch) => other.add(batch), { onAssigned: (own) => void owned.push(own.length) });
    for (let round = 0; round < 20; round += 1) await send(20);
    const all = () => new Set([...seen.values, ...other.values]).size;
    await waitUntil('all 500', () => all() === 500, WAIT);
    expect(owned.at(-1)).toBe(PARTITIONS / 2);
    expect(other.distinct).toBeGreaterThan(0);
    const sending = (async () => {
      for (let round = 0; round < 20; round += 1) await send(20);
    })();
    await first.close();
    await sending;
    await waitUntil('all 900', () => all() === 900, WAIT);
    expect(seen.isGapless() && other.isGapless()).toBe(true);
    await close();
  });

  test('killed in the middle of a batch: another gets everything that was not committed', async () => {
    const { topic, groupId, consume, close } = await given(300);
    const victim = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', victimScript], {
      env: { ...process.env, TOPIC: topic, GROUP: groupId },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let told = '';
    victim.stdout.on('data', (data: Buffer) => (told += data.toString()));
    await waitUntil('the victim to be busy', () => told.includes('stuck'), WAIT);
    victim.kill('SIGKILL');
    const handledThere = told.split('\n').flatMap((line) => (/^\d+$/.test(line) ? [Number(line)] : []));
    expect(handledThere.length).toBeGreaterThan(0);
    const seen = new Seen();
    await consume(async (batch) => seen.add(batch));
    await waitUntil('300 records', () => new Set([...seen.values, ...handledThere]).size === 300, WAIT);
    expect(seen.isGapless()).toBe(true);
    await close();
  });

  test('stops where Kafka no longer has the offset, keeps the committed one, and reads the others', async () => {
    const { topic, groupId, consume, close, send, committed, crashes } = await given(80);
    const before = new Seen();
    const first = await consume(async (batch) => before.add(batch));
    await waitUntil('80 records', () => before.distinct === 80, WAIT);
    await first.close();
    expect(await committed()).toBe(80);
    const gone = before.batches[0]?.parts[0]?.partition ?? 0;
    const stoppedAt = (await fetchCommittedOffsets(kafka, groupId, topic)).get(gone);
    await send(80);
    await deleteRecords(topic, gone);
    await send(80);
    const seen = new Seen();
    await consume(async (batch) => seen.add(batch));
    const ends = await fetchEndOffsets(kafka, topic);
    const others = sum([...ends].flatMap(([at, end]) => (at === gone ? [] : [end])));
    const read = () => sum([...seen.offsets].flatMap(([, offsets]) => [(offsets.at(-1) ?? -1n) + 1n]));
    await waitUntil('the other partitions', () => read() === others, WAIT);
    expect(seen.offsets.has(gone)).toBe(false);
    expect(await metrics.render()).toContain(
      `seqdesk_kafka_stopped_partitions{topic="${topic}",group="${groupId}",service="test"} 1`,
    );
    expect((await fetchCommittedOffsets(kafka, groupId, topic)).get(gone)).toBe(stoppedAt);
    expect(crashes).toEqual([]);
    await close();
  });
});

/** Handles 100 records, never finishes the next ones, and says so. */
const victimScript = `
import { BatchConsumer, createKafka } from '#libs/kafka';
const log = { debug() {}, info() {}, warn() {}, error() {} };
const metric = { inc() {}, set() {}, observe() {} };
const metrics = { counter: () => metric, gauge: () => metric, histogram: () => metric };
const { KAFKA_BROKERS, TOPIC, GROUP } = process.env;
let count = 0;
const consumer = new BatchConsumer({
  kafka: createKafka({ brokers: KAFKA_BROKERS.split(','), clientId: 'victim', log }),
  groupId: GROUP, topics: [TOPIC], log, metrics, maxRecords: 50, commitIntervalMs: 1, onCrash: () => process.exit(1),
  handler: async ({ records }) => {
    if (count >= 100) { console.log('stuck'); await new Promise(() => {}); }
    count += records.length;
    for (const { value } of records) console.log(value.toString());
  },
});
await consumer.start();
`;

/** All records that are in the topic now. */
async function readAll(topic: string): Promise<KafkaRecord[]> {
  const end = sum((await fetchEndOffsets(kafka, topic)).values());
  const records: KafkaRecord[] = [];
  const reader = new BatchConsumer({
    kafka,
    groupId: `reader.${randomUUID()}`,
    topics: [topic],
    handler: (batch) => Promise.resolve(void records.push(...batch.records)),
    log,
    metrics,
    onCrash: () => {},
  });
  await reader.start();
  await waitUntil('end records', () => records.length === end, WAIT);
  await reader.close();
  return records;
}

/** Removes all records that are in the partition now, as retention does. */
async function deleteRecords(topic: string, partition: number): Promise<void> {
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  // kafkajs deletes only in topics whose metadata it has.
  await admin.fetchTopicOffsets(topic);
  await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: '-1' }] });
  await admin.disconnect();
}
