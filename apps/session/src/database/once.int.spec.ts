import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SessionFixture } from '../../fixture/session-fixture.ts';
import { type Once, transactOnce } from './once.ts';

let fixture: SessionFixture;
beforeAll(async () => (fixture = await SessionFixture.open()));
afterAll(() => fixture.close());

const onceOf = (): Once => ({ caller: 'anna', method: 'POST', path: '/teams', key: randomUUID(), body: { name: 'A' } });
const make = (once: Once, made: string) => transactOnce(fixture.dataSource, once, async () => ({ made }));

test('the same key for the same call gives the first answer', async () => {
  const once = onceOf();
  expect(await make(once, 'first')).toEqual({ made: 'first' });
  expect(await make({ ...once }, 'second')).toEqual({ made: 'first' });
});

test.each([
  ['by another caller', { caller: 'bo' }],
  ['by another method', { method: 'PUT' }],
  ['for another path', { path: '/agents' }],
])('the same key %s is another command, with an answer of its own', async (_name, change) => {
  const once = onceOf();
  const another = { ...once, ...change, body: { name: 'B' } };
  expect(await make(once, 'first')).toEqual({ made: 'first' });
  expect(await make(another, 'second')).toEqual({ made: 'second' });
  expect(await make(once, 'third')).toEqual({ made: 'first' });
  expect(await make(another, 'fourth')).toEqual({ made: 'second' });
});
