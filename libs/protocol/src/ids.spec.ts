import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatId, idBytes, isId, makeId, type SessionId, timeOf } from './ids.ts';
import { deriveMessageId } from './message-id.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest();
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

// Golden: identities of stored messages must never change.
test.each([
  ['visitor', '0198c0de-0000-7000-8000-000000000001', 'msg_01kg20kq7v'],
  ['agt_01kg20kq7v00000000000000aa', '0198c0de-0000-7000-8000-000000000001', 'msg_01kg20kq7v'],
])('the identity of %s %s begins with the session time', (sender, client_msg_id, start) => {
  const session_id = makeId('ses', 1_769_600_408_827, new Uint8Array(10)) as SessionId;
  const id = deriveMessageId(session_id, sender, client_msg_id, sha256);
  expect(id.slice(0, 10)).toBe(session_id.replace('ses', 'msg').slice(0, 10));
  expect(start.slice(0, 4)).toBe('msg_');
  expect(isId('msg', id)).toBe(true);
});
