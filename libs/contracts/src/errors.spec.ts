import { expect, test } from 'vitest';
import { errorCatalogue } from './errors.ts';

const entries = Object.entries(errorCatalogue);

test.each(entries)('%s can be tried again exactly when its number says so', (_, { number, retryable }) => {
  expect(retryable).toBe(Math.floor(number / 1_000) === 3);
});

test('no two errors share a number', () => {
  expect(new Set(entries.map(([, { number }]) => number)).size).toBe(entries.length);
});
