import { expect, test } from 'vitest';
import { changesOf, pick, toldOf } from './changes.ts';

const team = { name: 'Day', skills: ['tax'], business_hours_id: null, offer_seconds: 30 };

test('what is given as it was is no change, however deep it lies', () => {
  expect(changesOf(team, { name: 'Day', skills: ['tax'] })).toEqual({});
  expect(changesOf(team, { name: 'Night', skills: ['tax', 'vip'], offer_seconds: 30 })).toEqual({
    name: 'Night',
    skills: ['tax', 'vip'],
  });
  expect(changesOf({ texts: { a: { en: 'x', 'zh-CN': 'y' } } }, { texts: { a: { 'zh-CN': 'y', en: 'x' } } })).toEqual(
    {},
  );
});

test('null is a value, undefined is none', () => {
  expect(changesOf({ ...team, business_hours_id: 'hrs_a' }, { business_hours_id: null })).toEqual({
    business_hours_id: null,
  });
  expect(changesOf(team, { name: undefined })).toEqual({});
});

test('of what nobody is told, only that it was set', () => {
  const given = { password_hash: '$argon2id$…', name: 'Day' };
  expect(Object.keys(changesOf(team, given))).toEqual(['password_hash']);
  expect(toldOf(team, Object.keys(given))).toEqual({ password_hash: 'set', name: 'Day' });
});

test('fields are picked by their names', () => {
  expect(pick(team, ['name', 'offer_seconds'])).toEqual({ name: 'Day', offer_seconds: 30 });
});
