import { expect, test } from 'vitest';
import { Failpoints } from './failpoints.ts';

test('what is armed happens at the counted passing, once', () => {
  const failpoints = new Failpoints(['log.after_insert:error:2'], ['log.after_insert']);
  failpoints.hit('log.after_insert');
  expect(() => failpoints.hit('log.after_insert')).toThrow('failpoint log.after_insert');
  expect(() => failpoints.hit('log.after_insert')).not.toThrow();
});

test.each(['log.nowhere:kill', 'log.after_insert', 'log.after_insert:explode'])('%s is refused', (entry) => {
  expect(() => new Failpoints([entry], ['log.after_insert'])).toThrow('failpoints');
});
