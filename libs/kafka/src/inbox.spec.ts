import { expect, test } from 'vitest';
import { type Fetched, takeWork } from './inbox.ts';
import type { KafkaRecord } from './record.ts';

function fetched(partition: number, count: number): Fetched {
  const records = Array.from({ length: count }, (_, offset): KafkaRecord => ({
    topic: 't',
    partition,
    offset: BigInt(offset),
    key: null,
    value: Buffer.alloc(0),
    headers: {},
    timestamp: 0,
  }));
  return { topic: 't', partition, records, resolve: () => {}, finish: () => {} };
}
const sizes = (work: ReturnType<typeof takeWork>) => work.map(({ from, records }) => [from.partition, records.length]);

test('all partitions of a fetch go into one piece of work', () => {
  expect(sizes(takeWork([fetched(0, 3), fetched(1, 1), fetched(2, 5)], 200))).toEqual([
    [0, 3],
    [1, 1],
    [2, 5],
  ]);
});

test('a long partition does not make the short ones wait', () => {
  const inbox = [fetched(0, 1_000), fetched(1, 2), fetched(2, 1_000)];
  expect(sizes(takeWork(inbox, 200))).toEqual([
    [0, 99],
    [1, 2],
    [2, 99],
  ]);
});

test('piece by piece everything comes once, in order', () => {
  const inbox = [fetched(0, 450), fetched(1, 7), fetched(2, 130)];
  const seen: Record<number, bigint[]> = { 0: [], 1: [], 2: [] };
  for (let work = takeWork(inbox, 200); work.length > 0; work = takeWork(inbox, 200)) {
    expect(work.flatMap(({ records }) => records).length).toBeLessThanOrEqual(200);
    for (const { from, records } of work) seen[from.partition]?.push(...records.map(({ offset }) => offset));
  }
  for (const [partition, count] of [450, 7, 130].entries()) {
    expect(seen[partition]).toEqual(Array.from({ length: count }, (_, offset) => BigInt(offset)));
  }
});

test('more partitions than records fit: the rest waits', () => {
  const inbox = Array.from({ length: 12 }, (_, partition) => fetched(partition, 1));
  expect(takeWork(inbox, 5)).toHaveLength(5);
  expect(takeWork(inbox, 5)).toHaveLength(5);
  expect(takeWork(inbox, 5)).toHaveLength(2);
});
