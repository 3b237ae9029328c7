import { expect, test } from 'vitest';
import type { Session } from '#libs/contracts';
import { HeldSessions } from './held-sessions.ts';

const version = (number: number, session_id = 'a', state = 'serving') =>
  ({ session_id, version: number, state }) as unknown as Session;

test('a session is held in its highest version; what is older or known is no news', () => {
  const held = new HeldSessions();
  expect([2, 2, 1, 3].map((number) => held.take(version(number)))).toEqual([true, false, false, true]);
  expect(held.find('a')?.version).toBe(3);
});

test('open is what is held and not closed', () => {
  const held = new HeldSessions();
  held.take(version(1));
  held.take(version(1, 'b', 'closed'));
  held.take(version(1, 'c'));
  held.drop('c');
  expect(held.open.map(({ session_id }) => String(session_id))).toEqual(['a']);
  expect(held.find('b')?.state).toBe('closed');
  expect(held.find('c')).toBeUndefined();
});

test('what was taken away comes back by a higher version, or when somebody wants it again', () => {
  const held = new HeldSessions();
  held.take(version(4));
  expect(held.drop('a').isNews).toBe(true);
  expect(held.drop('a').isNews).toBe(false);
  expect(held.take(version(4))).toBe(false);
  expect(held.isLeft('a')).toBe(true);
  expect(held.take(version(5))).toBe(true);
  expect(held.isLeft('a')).toBe(false);
  held.drop('a');
  held.readmit('a');
  expect(held.take(version(5))).toBe(true);
});

test('a dismissed entry comes back by a higher version, is taken away no more, and costs no history its place', () => {
  const held = new HeldSessions();
  held.drop('history');
  for (let index = 0; index < 1_500; index += 1) {
    held.take(version(2, `s${index}`));
    held.dismiss(version(2, `s${index}`));
  }
  expect(held.isLeft('history')).toBe(true);
  expect(held.open).toEqual([]);
  expect(held.take(version(2, 's1499'))).toBe(false);
  expect(held.take(version(3, 's1499'))).toBe(true);
  expect(held.drop('s1498').isNews).toBe(false);
});

test('an answer that was asked for before a removal or a reset does not hold any more', () => {
  const held = new HeldSessions();
  held.take(version(1));
  const [beforeRemoval, kept] = [held.ask('a'), held.ask('b')];
  held.drop('a');
  const afterRemoval = held.ask('a');
  expect([beforeRemoval(), kept(), afterRemoval()]).toEqual([false, true, true]);
  held.take(version(2));
  expect(afterRemoval()).toBe(true);
  held.clear();
  expect([kept(), afterRemoval()]).toEqual([false, false]);
});

test('the oldest of very many removals is forgotten', () => {
  const held = new HeldSessions();
  const forgotten = Array.from({ length: 203 }, (_, index) => held.drop(`s${index}`).forgotten);
  expect(forgotten.filter((session_id) => session_id !== undefined)).toEqual(['s0', 's1', 's2']);
});
