import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { topics } from '#libs/contracts';
import { Rewind } from '#libs/kafka';
import { batchOf, draftOf, log, recordsOf, SessionFixture } from '../../fixture/session-fixture.ts';
import { LogPlace } from './log-place.ts';
import { MessageStore } from './message.store.ts';
import { PlaceStore } from './place.store.ts';

const topic = topics.inbound.name;
let fixture: SessionFixture;
let messages: MessageStore;
let partition = 0;
/** What Kafka would say. */
const kafka = { committed: new Map<number, bigint | null>(), low: 0n, seeks: [] as [number, bigint][] };

beforeAll(async () => {
  fixture = await SessionFixture.open();
  messages = new MessageStore({ url: fixture.database.url, connect_timeout_ms: 5_000 });
});
afterAll(async () => {
  messages.disconnect();
  await fixture.close();
});
beforeEach(() => {
  partition += 1;
  kafka.committed = new Map();
  kafka.low = 0n;
  kafka.seeks = [];
});

function placeOf(): LogPlace {
  return new LogPlace({
    messages,
    places: new PlaceStore(fixture.dataSource),
    topic: {
      lowWatermark: async () => kafka.low,
      committed: async () => kafka.committed,
      seek: (of, offset) => kafka.seeks.push([of, offset]),
    },
    onRewind: () => undefined,
    log,
  });
}
async function parts() {
  const said = { ...(await fixture.session()), channel_id: fixture.channel_id };
  return batchOf(recordsOf(said, [draftOf(said, 'x')], partition)).parts;
}
const upTo = (next_offset: bigint) => [{ topic, partition, next_offset }];
async function storedPlace(): Promise<unknown> {
  const [row] = await fixture.database.query('SELECT next_offset FROM log_offsets WHERE partition_id = ?', [partition]);
  return row && BigInt(String(row['next_offset']));
}
async function epoch(): Promise<number> {
  const [row] = await fixture.database.query("SELECT value FROM cluster_facts WHERE name = 'log_epoch'");
  return Number(row?.['value']);
}
/** A writer that has stored its place at 100, as Kafka has. */
async function placeAt100(): Promise<LogPlace> {
  const place = placeOf();
  await place.takeOver([partition]);
  place.noteStored(await parts(), await messages.open());
  await place.store(upTo(100n));
  kafka.committed.set(partition, 100n);
  return place;
}
const setBack = (offset: bigint) =>
  fixture.database.query('UPDATE log_offsets SET next_offset = ? WHERE partition_id = ?', [String(offset), partition]);

test('places are stored, and a new owner goes on from them without a word', async () => {
  await placeAt100();
  expect(await storedPlace()).toBe(100n);
  const before = await epoch();
  await placeOf().takeOver([partition]);
  expect(kafka.seeks).toEqual([]);
  expect(await epoch()).toBe(before);
});

test('a database that went back while nobody wrote is read again from its place, under a new epoch', async () => {
  await placeAt100();
  await setBack(40n);
  const before = await epoch();
  await placeOf().takeOver([partition]);
  expect(kafka.seeks).toEqual([[partition, 40n]]);
  expect(await epoch()).toBeGreaterThan(before);
});

test('a database without any place is read again from the oldest record, and can store places again', async () => {
  await placeAt100();
  await fixture.database.query('DELETE FROM log_offsets WHERE partition_id = ?', [partition]);
  kafka.low = 7n;
  const place = placeOf();
  await place.takeOver([partition]);
  expect(kafka.seeks).toEqual([[partition, 7n]]);
  place.noteStored(await parts(), await messages.open());
  await place.store(upTo(9n));
  expect(await storedPlace()).toBe(9n);
});

test('a database that goes back under the running writer rewinds the batch', async () => {
  const place = await placeAt100();
  await setBack(40n);
  const rewind = place.check(await parts(), new Map([[partition, 40n]]));
  await expect(rewind).rejects.toBeInstanceOf(Rewind);
  await expect(rewind).rejects.toMatchObject({ positions: [{ topic, partition, offset: 40n }] });
});

test('a database that goes back while nothing comes in is noticed by the watch', async () => {
  const place = await placeAt100();
  expect(await place.watch()).toEqual([]);
  await setBack(60n);
  expect(await place.watch()).toEqual([{ topic, partition, offset: 60n }]);
  expect(await place.watch()).toEqual([]);
});

test('rows whose connection broke before their place was stored are read again, and nothing is committed', async () => {
  const place = await placeAt100();
  place.noteStored(await parts(), await messages.open());
  messages.disconnect();
  await messages.open();
  await expect(place.store(upTo(120n))).rejects.toThrow('read again');
  expect(kafka.seeks).toEqual([[partition, 100n]]);
  expect(await storedPlace()).toBe(100n);
});

test('rows written over two connections are read again too', async () => {
  const place = await placeAt100();
  const own = await parts();
  place.noteStored(own, await messages.open());
  messages.disconnect();
  place.noteStored(own, await messages.open());
  await expect(place.store(upTo(120n))).rejects.toThrow('read again');
  expect(await storedPlace()).toBe(100n);
});

test('records that were dead-lettered move the place without rows', async () => {
  const place = await placeAt100();
  await place.store(upTo(101n));
  expect(await storedPlace()).toBe(101n);
});

test('a place never moves behind that of another writer who went further', async () => {
  const place = await placeAt100();
  await setBack(500n);
  place.noteStored(await parts(), await messages.open());
  await place.store(upTo(110n));
  expect(await storedPlace()).toBe(500n);
});
