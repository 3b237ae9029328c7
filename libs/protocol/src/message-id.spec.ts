import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatId, isId, type SessionId, timeOf } from './ids.ts';
import { deriveMessageId } from './message-id.ts';

interface Vector {
  session_id: SessionId;
  sender: string;
  client_msg_id: string;
  message_id: string;
}

const golden = JSON.parse(readFileSync(new URL('../golden/message-ids.json', import.meta.url), 'utf8')) as Vector[];
const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest();
const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz';

/** The identity by its definition, as one number of 128 bits. */
function reference({ session_id, sender, client_msg_id }: Omit<Vector, 'message_id'>): string {
  const session = session_id
    .slice(4)
    .split('')
    .reduce((bits, letter) => bits * 32n + BigInt(LETTERS.indexOf(letter)), 0n);
  const digest = BigInt(`0x${sha256(`${session_id}\n${sender}\n${client_msg_id}`).toString('hex')}`);
  const first74 = digest >> (256n - 74n);
  const bits =
    ((session >> 80n) << 80n) | (8n << 76n) | ((first74 >> 62n) << 64n) | (2n << 62n) | (first74 & ((1n << 62n) - 1n));
  let letters = '';
  for (let place = 0n; place < 26n; place += 1n) letters = LETTERS[Number((bits >> (place * 5n)) & 31n)] + letters;
  return `msg_${letters}`;
}

test('there are golden identities of every kind of sender', () => {
  expect(golden.length).toBeGreaterThanOrEqual(8);
  expect(new Set(golden.map(({ message_id }) => message_id)).size).toBe(golden.length);
});

test.each(golden)('the identity of $client_msg_id of $sender stays $message_id', (vector) => {
  expect(deriveMessageId(vector.session_id, vector.sender, vector.client_msg_id, sha256)).toBe(vector.message_id);
  expect(reference(vector)).toBe(vector.message_id);
});

test('any sending has the identity of the definition, and the time of its session', () => {
  const session = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => formatId('ses', bytes));
  fc.assert(
    fc.property(session, fc.string({ unit: 'grapheme' }), fc.uuid(), (session_id, sender, client_msg_id) => {
      const id = deriveMessageId(session_id, sender, client_msg_id, sha256);
      expect(id).toBe(reference({ session_id, sender, client_msg_id }));
      expect(isId('msg', id)).toBe(true);
      expect(timeOf(id)).toBe(timeOf(session_id));
    }),
  );
});
