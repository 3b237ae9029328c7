import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Message } from '#libs/contracts';
import { type KafkaRecord, RecordError } from '#libs/kafka';
import { makeId } from '#libs/protocol';
import { findSendTime, highestEpoch, toMessageDelivery } from './message-delivery.ts';

const now = Date.UTC(2026, 10, 24);
const session_id = makeId('ses', now, randomBytes(10));

function record(value: string, headers: Record<string, string>, key: string | null = session_id): KafkaRecord {
  const place = { topic: 'chat.messages.v1', partition: 0, offset: 0n, timestamp: now };
  return { ...place, key, value: Buffer.from(value), headers };
}
const message: Message = {
  message_id: makeId('msg', now, randomBytes(10)),
  session_id,
  seq_id: 1,
  type: 'text',
  sender: makeId('vis', now, randomBytes(10)),
  sender_role: 'visitor',
  target: session_id,
  content: '退货流程是什么? "send_time":"1"',
  send_time: '1769558400123456789',
  client_msg_id: '0198c0de-0000-7000-8000-000000000001',
  reply_to: null,
};

test('a message goes to its audience and who watches, its text untouched', () => {
  const text = ` ${JSON.stringify(message)} `;
  const delivery = toMessageDelivery(record(text, { audience: 'visitor:vis_1,agent:agt_1' }), 0);
  const rooms = ['visitor:vis_1', 'agent:agt_1', `watch:${session_id}`];
  expect(delivery).toEqual({ rooms, event: 'message:created', json: text });
});

test('a message for nobody still shows to who watches', () => {
  expect(toMessageDelivery(record('{}', { audience: '' }), 0).rooms).toEqual([`watch:${session_id}`]);
});

test.each([
  ['without an audience', record('{}', {})],
  ['without a key', record('{}', { audience: 'a' }, null)],
  ['without a value', record('', { audience: 'a' })],
])('a record %s is a data error that names it', (_, bad) => {
  expect(() => toMessageDelivery(bad, 7)).toThrow(
    expect.objectContaining({ name: 'RecordError', index: 7 }) as RecordError,
  );
});

test('the highest epoch of a batch counts', () => {
  const of = (log_epoch: string) => record('{}', { audience: '', log_epoch });
  expect(highestEpoch([of('1764000000000'), of('1764000000002'), of('nonsense'), record('{}', {})])).toBe(
    1764000000002,
  );
  expect(highestEpoch([])).toBe(0);
});

test('the time of sending is found in the text, whatever the content says', () => {
  expect(findSendTime(JSON.stringify(message))).toBeCloseTo(1769558400123.456, 2);
  expect(findSendTime(JSON.stringify({ ...message, content: { send_time: '5' } }))).toBeCloseTo(1769558400123.456, 2);
  expect(findSendTime('{}')).toBeUndefined();
});
