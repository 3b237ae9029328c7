import { expect, test } from 'vitest';
import { FollowUps } from './follow-ups.ts';

test('where it goes on is told once, and not before every word to the closed session is settled', () => {
  const followUps = new FollowUps();
  expect(followUps.takeNews('a', { isSettled: true })).toBeUndefined();
  followUps.noteOpened('b', 'a');
  expect(followUps.takeNews('a', { isSettled: false })).toBeUndefined();
  expect(followUps.takeNews('a', { isSettled: true })).toBe('b');
  expect(followUps.takeNews('a', { isSettled: true })).toBeUndefined();
});

test('a word goes before what sessions say of themselves: a closed follow-up is followed in turn', () => {
  const followUps = new FollowUps();
  followUps.noteOpened('b', 'a');
  expect(followUps.takeNews('a', { isSettled: true })).toBe('b');
  followUps.noteWord('c', 'a');
  followUps.noteOpened('b', 'a');
  expect(followUps.takeNews('a', { isSettled: true })).toBe('c');
});

test('a word that stays in its session says nothing', () => {
  const followUps = new FollowUps();
  followUps.noteWord('a', 'a');
  expect(followUps.takeNews('a', { isSettled: true })).toBeUndefined();
});
