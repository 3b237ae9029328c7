import { EventEmitter } from 'node:events';
import type { Consumer } from 'kafkajs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BatchConsumer } from './batch-consumer.ts';
import type { KafkaConnection } from './connection.ts';
import type { Log, Meter } from './ports.ts';

const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const metrics: Meter = {
  counter: () => ({ inc: () => {} }),
  gauge: () => ({ set: () => {} }),
  histogram: () => ({ observe: () => {} }),
};

/** A consumer over a kafkajs that runs, and crashes when the test says so. */
async function given() {
  const emitter = new EventEmitter();
  const run = vi.fn(async () => {});
  const consumer = {
    events: { HEARTBEAT: 'h', FETCH: 'f', REBALANCING: 'r', GROUP_JOIN: 'j', CRASH: 'c' },
    on: (name: string, listener: () => void) => emitter.on(name, listener),
    connect: async () => {},
    disconnect: async () => {},
    subscribe: async () => {},
    run,
  } as unknown as Consumer;
  const admin = {
    connect: async () => {},
    disconnect: async () => {},
    fetchTopicMetadata: async () => ({ topics: [{ name: 'a', partitions: [{}, {}] }] }),
  };
  const kafka = { log, consumer: () => consumer, admin: () => admin } as unknown as KafkaConnection;
  const crashes: Error[] = [];
  const onCrash = (error: Error) => void crashes.push(error);
  const batches = new BatchConsumer({
    kafka,
    groupId: 'g',
    topics: ['a'],
    handler: async () => {},
    log,
    metrics,
    onCrash,
  });
  await batches.start();
  const crash = (cause: Error, restart = false) =>
    emitter.emit('c', { payload: { error: new Error('gave up', { cause }), restart } });
  return { batches, run, crash, crashes };
}
/** As kafkajs names it. */
const coordinatorNotFound = () => Object.assign(new Error('away'), { name: 'KafkaJSGroupCoordinatorNotFound' });

test('a coordinator that is away ends nothing, however often: the consumer runs again, as it did', async () => {
  const { batches, run, crash, crashes } = await given();
  for (const times of [2, 3]) {
    crash(coordinatorNotFound());
    await expect.poll(() => run.mock.calls.length, { timeout: 5_000 }).toBe(times);
  }
  expect(new Set(run.mock.calls.map((args) => JSON.stringify(args))).size).toBe(1);
  expect(crashes).toEqual([]);
  await batches.close();
});

test('what kafkajs takes for the end otherwise is the end', async () => {
  const { run, crash, crashes } = await given();
  crash(new Error('Connection closed'), true);
  expect(crashes).toEqual([]);
  crash(new TypeError('a defect'));
  expect(crashes).toMatchObject([{ code: 'CONSUMER_CRASHED' }]);
  expect(run).toHaveBeenCalledTimes(1);
});

describe('does not run again', () => {
  beforeEach(() => void vi.useFakeTimers({ fakeNodeBuiltins: true }));
  afterEach(() => void vi.useRealTimers());

  test('where kafkajs does so itself', async () => {
    const { batches, run, crash } = await given();
    crash(coordinatorNotFound(), true);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(run).toHaveBeenCalledTimes(1);
    await batches.close();
  });

  test('once it was closed', async () => {
    const { batches, run, crash } = await given();
    crash(coordinatorNotFound());
    await batches.close();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(run).toHaveBeenCalledTimes(1);
  });

  test('for ever: after three minutes without a sign of life it has ended', async () => {
    const { run, crash, crashes } = await given();
    for (let second = 0; second < 200; second += 1) {
      crash(coordinatorNotFound());
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(crashes).toMatchObject([{ code: 'CONSUMER_CRASHED' }]);
    expect(run.mock.calls.length).toBeGreaterThan(100);
  });
});
