import { readFileSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import type { Delivery } from '#libs/contracts';
import { type KafkaRecord, RecordError, type RecordBatch } from '#libs/kafka';
import { createMetrics, type Metrics } from '#libs/observability';
import { SessionVersions } from '../audience/session-versions.ts';
import { DeliveryMetrics } from './delivery-metrics.ts';
import { EventConsumer } from './event.consumer.ts';
import type { Screens } from './screens.ts';

const golden = new URL('../../../../libs/contracts/golden/session.opened.v1.json', import.meta.url);
const [opened] = JSON.parse(readFileSync(golden, 'utf8')) as Record<string, unknown>[];

let pushed: Delivery[];
let metrics: Metrics;
let consumer: EventConsumer;
beforeEach(() => {
  pushed = [];
  metrics = createMetrics({ service: 'router' });
  const screens = { push: async (batch: Delivery[]) => void pushed.push(...batch) } as unknown as Screens;
  const routes = { write: () => Promise.resolve() } as never;
  consumer = new EventConsumer(screens, routes, new SessionVersions(), new DeliveryMetrics(metrics));
});

function batch(...values: unknown[]): RecordBatch {
  const records = values.map((value, index): KafkaRecord => ({
    topic: 'chat.events.v1',
    partition: 0,
    offset: BigInt(index),
    key: 'key',
    value: Buffer.from(JSON.stringify(value)),
    headers: {},
    timestamp: 0,
  }));
  return { records, parts: [], signal: new AbortController().signal };
}

test('a type that only a newer version knows is skipped and counted; what stands beside it is shown', async () => {
  await consumer.deliver(batch({ ...opened, type: 'session.merged' }, opened, { type: 'visitor.erased' }));
  expect(pushed.map(({ event }) => event)).toEqual(['session:updated', 'session:updated']);
  expect(await metrics.render()).toMatch(/^seqdesk_router_events_unknown_total(\{[^}]*\})? 2$/m);
});

test.each([
  ['of a known type that does not fit', { ...opened, version: 'two' }],
  ['without a type', { ...opened, type: undefined }],
  ['that is nothing at all', null],
])('a record %s is a data error that names it', async (_, bad) => {
  await expect(consumer.deliver(batch(opened, bad))).rejects.toSatisfy(
    (error) => error instanceof RecordError && error.index === 1,
  );
});
