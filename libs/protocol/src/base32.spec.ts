import fc from 'fast-check';
import { expect, test } from 'vitest';
import { areLetters, formatLetters, parseLetters } from './base32.ts';

const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz';
const number128 = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n });

function bytesOf(value: bigint): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(32, '0'), 'hex'));
}

function reference(value: bigint): string {
  let text = '';
  for (let place = 0n; place < 26n; place += 1n) text = LETTERS[Number((value >> (place * 5n)) & 31n)] + text;
  return text;
}

test.each([0n, 1n, 31n, 32n, 2n ** 125n, 2n ** 128n - 1n])('%d is written as by long division', (value) => {
  expect(formatLetters(bytesOf(value), 0)).toBe(reference(value));
  expect(parseLetters(reference(value), 0)).toEqual(bytesOf(value));
});

test('any 128 bits are written as by long division and read again, wherever they stand', () => {
  fc.assert(
    fc.property(number128, fc.nat(9), (value, from) => {
      const bytes = new Uint8Array(from + 20).fill(255);
      bytes.set(bytesOf(value), from);
      const text = '!'.repeat(from) + formatLetters(bytes, from);
      expect(text.slice(from)).toBe(reference(value));
      expect(areLetters(text, from)).toBe(true);
      expect(parseLetters(text, from)).toEqual(bytesOf(value));
    }),
  );
});

test('26 letters are good exactly when they are the one spelling of 128 bits', () => {
  const unit = fc.oneof(
    fc.constantFrom(...LETTERS.split('')),
    fc.constantFrom(...'iloulILOU8A-_ \0\u0131\u0661\ud800'.split('')),
  );
  fc.assert(
    fc.property(fc.array(unit, { minLength: 26, maxLength: 26 }), (units) => {
      const text = units.join('');
      expect(areLetters(text, 0)).toBe(/^[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(text));
    }),
  );
});

test.each([[''], ['0'.repeat(25)]])('%j is too short', (text) => {
  expect(areLetters(text, 0)).toBe(false);
  expect(areLetters(text, text.length - 26)).toBe(false);
});
