import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RecordError, Rewind } from './errors.ts';
import type { KafkaRecord, PartitionOffset } from './record.ts';
import { runWork, type WorkPorts } from './run-work.ts';

function record(partition: number, offset: number): KafkaRecord {
  return {
    topic: 't',
    partition,
    offset: BigInt(offset),
    key: null,
    value: Buffer.alloc(0),
    headers: {},
    timestamp: 0,
  };
}
const name = (at: KafkaRecord) => `${at.partition}:${at.offset}`;

/** A consumer around the work that remembers what was done. */
function around(handle: WorkPorts['handle']) {
  const seen = {
    handled: [] as string[],
    dead: [] as string[],
    done: [] as string[],
    rewound: [] as PartitionOffset[],
  };
  const giveUp = new AbortController();
  const ports: WorkPorts = {
    handle: async (records) => {
      await handle(records);
      seen.handled.push(...records.map(name));
    },
    done: (records) => seen.done.push(...records.map(name)),
    rewind: (positions) => seen.rewound.push(...positions),
    deadLetter: (dead) => Promise.resolve(void seen.dead.push(name(dead))),
    failed: () => {},
    recovered: () => {},
    isWanted: () => true,
    signal: giveUp.signal,
  };
  return { seen, ports, giveUp };
}

describe('a poison record', () => {
  const everyBatch = fc
    .uniqueArray(fc.nat(60), { minLength: 0, maxLength: 5 })
    .chain((poison) => fc.tuple(fc.constant(new Set(poison)), fc.integer({ min: 1, max: 61 }), fc.boolean()));

  test('is found and dead-lettered alone; the others are handled once, in order, with or without its index', async () => {
    await fc.assert(
      fc.asyncProperty(everyBatch, async ([poison, size, tellsIndex]) => {
        const records = Array.from({ length: size }, (_, index) => record(index % 3, index));
        const { seen, ports } = around((range) => {
          const index = range.findIndex(({ offset }) => poison.has(Number(offset)));
          if (index === -1) return Promise.resolve();
          return Promise.reject(new RecordError('BAD', 'bad', tellsIndex ? { index } : {}));
        });
        await runWork(records, ports);
        const isPoison = (at: KafkaRecord) => poison.has(Number(at.offset));
        expect(seen.handled).toEqual(records.filter((at) => !isPoison(at)).map(name));
        expect(seen.dead).toEqual(records.filter(isPoison).map(name));
        expect(seen.done).toEqual(records.map(name));
      }),
    );
  });

  test('is not dead-lettered on the first word: alone it may be well', async () => {
    const { seen, ports } = around((range) =>
      range.length > 1 ? Promise.reject(new RecordError('BAD', 'bad', { index: 0 })) : Promise.resolve(),
    );
    await runWork([record(0, 0), record(0, 1)], ports);
    expect(seen).toMatchObject({ dead: [], handled: ['0:0', '0:1'] });
  });

  test('is not done before the dead letter is in Kafka', async () => {
    const { seen, ports } = around(() => Promise.reject(new RecordError('BAD', 'bad')));
    let attempts = 0;
    ports.deadLetter = () => (++attempts < 3 ? Promise.reject(new Error('no broker')) : Promise.resolve());
    await runWork([record(0, 0)], ports);
    expect(attempts).toBe(3);
    expect(seen.done).toEqual(['0:0']);
  });
});

test('any other error is tried again with the same records until it passes', async () => {
  const calls: string[][] = [];
  const { seen, ports } = around((range) => {
    calls.push(range.map(name));
    return calls.length < 3 ? Promise.reject(new TypeError('database away')) : Promise.resolve();
  });
  await runWork([record(0, 0), record(1, 0)], ports);
  expect(calls).toEqual([
    ['0:0', '1:0'],
    ['0:0', '1:0'],
    ['0:0', '1:0'],
  ]);
  expect(seen).toMatchObject({ dead: [], done: ['0:0', '1:0'] });
});

test('given up during the back-off, nothing counts as done', async () => {
  const { seen, ports, giveUp } = around(() => {
    giveUp.abort();
    return Promise.reject(new Error('database away'));
  });
  await runWork([record(0, 0)], ports);
  expect(seen.done).toEqual([]);
});

test('a rewind takes its partitions out and lets the others come again', async () => {
  const to = { topic: 't', partition: 1, offset: 5n };
  let isFirst = true;
  const { seen, ports } = around(() => {
    if (!isFirst) return Promise.resolve();
    isFirst = false;
    return Promise.reject(new Rewind([to]));
  });
  await runWork([record(0, 0), record(1, 8), record(2, 0)], ports);
  expect(seen).toEqual({ handled: ['0:0', '2:0'], dead: [], done: ['0:0', '2:0'], rewound: [to] });
});
