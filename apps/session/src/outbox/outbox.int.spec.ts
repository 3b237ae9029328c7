import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitUntil } from '#libs/testing';
import { SessionFixture } from '../../fixture/session-fixture.ts';
import { transact } from '../database/transact.ts';

let fixture: SessionFixture;
beforeAll(async () => {
  fixture = await SessionFixture.open();
});
afterAll(() => fixture.close());

const rowOf = (value: string) => ({ topic: 'chat.events.v1', record_key: 'key', headers: { a: 'ä' }, value });
const add = (...values: string[]) => transact(fixture.dataSource, (tx) => fixture.outbox.add(tx, values.map(rowOf)));
const isEmpty = async () => (await fixture.database.query('SELECT 1 FROM outbox')).length === 0;
const published = () => fixture.published.map(({ value }) => JSON.parse(String(value)) as string);

test('rows go out in their order, with their headers, and are gone afterwards', async () => {
  await add('1', '2');
  await add('3');
  fixture.outbox.kick();
  await waitUntil('the outbox to be empty', isEmpty);
  expect(published()).toEqual(['1', '2', '3']);
  expect(fixture.published[0]?.headers).toEqual({ a: 'ä' });
});

test('what a rolled back transaction added is never told', async () => {
  fixture.published.length = 0;
  const failed = transact(fixture.dataSource, async (tx) => {
    await fixture.outbox.add(tx, [rowOf('never')]);
    throw new Error('refused');
  });
  await expect(failed).rejects.toThrow('refused');
  await add('after');
  fixture.outbox.kick();
  await waitUntil('the outbox to be empty', isEmpty);
  expect(published()).toEqual(['after']);
});

test('rows that Kafka did not take stay, and go out in order by the sweep', async () => {
  fixture.published.length = 0;
  const works = fixture.publish;
  let failures = 2;
  fixture.publish = async (records) => {
    if (failures-- > 0) throw new Error('Kafka is away');
    return works(records);
  };
  await add('1', '2');
  fixture.outbox.start();
  fixture.outbox.kick();
  await waitUntil('the outbox to be empty', isEmpty);
  expect(published()).toEqual(['1', '2']);
});
