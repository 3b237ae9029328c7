import { expect, test } from 'vitest';
import { z } from 'zod';
import { readIssues } from './issues.ts';

const schema = z.strictObject({ seq_id: z.number(), card: z.strictObject({ title: z.string() }).optional() });
const read = (value: unknown, max = 10) => readIssues(schema.safeParse(value).error ?? new z.ZodError([]), max);

test('every place is named: what does not fit, what is missing, and each field that nobody knows', () => {
  expect(read({ sender: 'me', role: 'admin', card: { title: 1, colour: 'red' } })).toEqual([
    { path: 'seq_id', message: expect.any(String) as string },
    { path: 'card.title', message: expect.any(String) as string },
    { path: 'card.colour', message: 'is not known' },
    { path: 'sender', message: 'is not known' },
    { path: 'role', message: 'is not known' },
  ]);
});

test('a value that is something else altogether has a place too', () => {
  expect(read('words')).toEqual([{ path: '(whole)', message: expect.any(String) as string }]);
});

test('neither how many nor how long the names are is left to the client', () => {
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`${index}`.padEnd(5_000, '.'), 1]));
  const places = read({ seq_id: 1, ...many }, 5);
  expect(places).toHaveLength(5);
  expect(Math.max(...places.map(({ path }) => path.length))).toBeLessThanOrEqual(200);
});
