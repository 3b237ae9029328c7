import { expect, test } from 'vitest';
import { Replicas } from './replicas.ts';

test('replicas take turns; one that failed comes last until it answers or its time is over', () => {
  let now = 0;
  const replicas = new Replicas(['a', 'b', 'c'], () => now);
  const firstOfThree = () => new Set(Array.from({ length: 3 }, () => replicas.inOrder()[0]));
  expect(Array.from({ length: 4 }, () => replicas.inOrder()[0])).toEqual(['a', 'b', 'c', 'a']);
  replicas.failed('b');
  now = 1_000;
  for (let turn = 0; turn < 6; turn += 1) expect(replicas.inOrder().at(-1)).toBe('b');
  now = 10_000;
  expect(firstOfThree()).toEqual(new Set(['a', 'b', 'c']));
  replicas.failed('b');
  replicas.answered('b');
  expect(firstOfThree()).toEqual(new Set(['a', 'b', 'c']));
});
