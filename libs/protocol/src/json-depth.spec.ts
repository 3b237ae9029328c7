import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isTooDeep } from './json-depth.ts';

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

test.each([
  [nested(32), false],
  [nested(33), true],
  [`[${Array(100).fill('{}').join()}]`, false],
  ['{"a":'.repeat(33) + '1' + '}'.repeat(33), true],
  [nested(10_000), true],
  [JSON.stringify(nested(10_000)), false],
  [JSON.stringify({ text: `\\"${nested(100)}"\\` }), false],
  ['', false],
])('%.40s: %s', (json, expected) => {
  expect(isTooDeep(json)).toBe(expected);
});

test('any JSON is too deep exactly when its value is', () => {
  const brackets = fc.string({ unit: fc.constantFrom(...'[]{}"\\a'.split('')) });
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 60, withCrossShrink: true },
      brackets,
      fc.tuple(tie('value'), brackets),
      fc.record({ a: tie('value') }),
    ),
  }));
  const wrapped = fc.tuple(value, fc.nat(40)).map(([inner, more]) => {
    let outer: unknown = inner;
    for (let level = 0; level < more; level += 1) outer = level % 2 ? [outer] : { outer };
    return outer;
  });
  fc.assert(
    fc.property(wrapped, (json) => {
      expect(isTooDeep(JSON.stringify(json))).toBe(depthOf(json) > 32);
    }),
  );
});
