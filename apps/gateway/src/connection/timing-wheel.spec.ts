import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TimingWheel, type WheelEntry } from './timing-wheel.ts';

interface Entry extends WheelEntry {
  due: number;
}

const TICK_MS = 10;
const SLOTS = 8;

function makeWheel() {
  const expired: { entry: Entry; at: number }[] = [];
  let time = 0;
  const wheel = new TimingWheel<Entry>({
    tick_ms: TICK_MS,
    slots: SLOTS,
    now: 0,
    dueOf: (entry) => entry.due,
    expire: (entry) => expired.push({ entry, at: time }),
  });
  return {
    wheel,
    expired,
    advance(now: number) {
      time = now;
      wheel.advance(now);
    },
  };
}
const entryDue = (due: number): Entry => ({ due, wheelNext: undefined, wheelPrevious: undefined });

test('each entry expires once, never early and at most a tick late, however far away its time is', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1_000 }), { maxLength: 40 }), (dues) => {
      const { wheel, expired, advance } = makeWheel();
      const entries = dues.map(entryDue);
      for (const entry of entries) wheel.add(entry);
      for (let now = 1; now <= 1_100; now += 1) advance(now);
      expect(new Set(expired.map(({ entry }) => entry))).toEqual(new Set(entries));
      expect(expired).toHaveLength(entries.length);
      for (const { entry, at } of expired) {
        expect(at).toBeGreaterThanOrEqual(entry.due);
        expect(at - entry.due).toBeLessThanOrEqual(2 * TICK_MS);
      }
    }),
  );
});

test('putting off needs no call: the entry is met at its old time and goes on to the new one', () => {
  const { wheel, expired, advance } = makeWheel();
  const entry = entryDue(30);
  wheel.add(entry);
  advance(20);
  entry.due = 200;
  for (let now = 20; now < 200; now += 10) advance(now);
  expect(expired).toEqual([]);
  advance(220);
  expect(expired).toHaveLength(1);
});

test('what was removed never expires, and removing twice is harmless', () => {
  const { wheel, expired, advance } = makeWheel();
  const entry = entryDue(30);
  wheel.add(entry);
  wheel.remove(entry);
  wheel.remove(entry);
  for (let now = 0; now <= 200; now += 10) advance(now);
  expect(expired).toEqual([]);
});

test('an entry may be laid in again while it expires', () => {
  const times: number[] = [];
  const wheel: TimingWheel<Entry> = new TimingWheel<Entry>({
    tick_ms: TICK_MS,
    slots: SLOTS,
    now: 0,
    dueOf: (entry) => entry.due,
    expire: (entry) => {
      times.push(entry.due);
      entry.due += 50;
      wheel.add(entry);
    },
  });
  wheel.add(entryDue(50));
  for (let now = 0; now <= 180; now += 10) wheel.advance(now);
  expect(times).toEqual([50, 100, 150]);
});

test('after a long sleep all that is due expires at once', () => {
  const { wheel, expired, advance } = makeWheel();
  for (let due = 0; due < 500; due += 25) wheel.add(entryDue(due));
  advance(1_000_000);
  expect(expired).toHaveLength(20);
});
