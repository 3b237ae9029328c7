import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatId, idBytes, isId, makeId, timeOf } from './ids.ts';

const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 });

test('an id is its 16 bytes, and sorts as they do', () => {
  fc.assert(
    fc.property(bytes16, bytes16, (one, other) => {
      const [first, second] = [formatId('ses', one), formatId('ses', other)];
      expect(isId('ses', first)).toBe(true);
      expect([...idBytes(first)]).toEqual([...one]);
      expect(Math.sign(Buffer.compare(one, other))).toBe(first < second ? -1 : first > second ? 1 : 0);
    }),
  );
});

test('an id carries its time', () => {
  const id = makeId('ses', 1_769_558_400_123, new Uint8Array(10).fill(255));
  expect(timeOf(id)).toBe(1_769_558_400_123);
  expect(id).toHaveLength(30);
});

test('a new id is a UUIDv7 of the time and all the chance it was given', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 48 - 1 }),
      fc.uint8Array({ minLength: 10, maxLength: 12 }),
      (time, random) => {
        const id = makeId('msg', time, random);
        const hex = Buffer.from(idBytes(id)).toString('hex');
        const chance = Buffer.from(random).toString('hex');
        expect(isId('msg', id)).toBe(true);
        expect(timeOf(id)).toBe(time);
        expect(hex.slice(0, 12)).toBe(time.toString(16).padStart(12, '0'));
        expect(hex[12]).toBe('7');
        expect(hex.slice(13, 16)).toBe(chance.slice(1, 4));
        expect('89ab').toContain(hex[16]);
        expect(hex.slice(17)).toBe(chance.slice(5, 20));
      },
    ),
  );
});

test('too little chance is refused', () => {
  expect(() => makeId('ses', 0, new Uint8Array(9))).toThrow(RangeError);
});

test.each(['', 'ses_', 'ses_01kg0tpv3vfzzzzzzzzzzzzzz', 'ses_81kg0tpv3vfzzzzzzzzzzzzzzz'])(
  '%j has no bytes',
  (text) => {
    expect(() => idBytes(text)).toThrow(RangeError);
  },
);

test.each([
  '',
  'ses_',
  'ses_01kg0tpv3vfz',
  'msg_01kg0tpv3vfzzzzzzzzzzzzzzz',
  'ses_81kg0tpv3vfzzzzzzzzzzzzzzz',
  'ses_01KG0TPV3VFZZZZZZZZZZZZZZZ',
  'ses_01kg0tpv3vfzzzzzzzzzzzzzzu',
  'ses_01kg0tpv3vfzzzzzzzzzzzzzz\u0131',
])('%j is no session id', (text) => {
  expect(isId('ses', text)).toBe(false);
});
