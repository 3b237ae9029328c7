import { randomBytes, randomUUID } from 'node:crypto';
import { makeId, type WireMessage } from '#libs/protocol';

/** The texts that are measured. */
export const texts = {
  'short English': 'Hi! How long does a refund take?',
  'short Chinese': '你好,请问退货流程是什么?',
  '1,000 characters': 'My parcel was said to arrive on Monday, and it is not here yet. '.repeat(16).slice(0, 1_000),
};

/** Messages of one text that differ in everything a real log's messages differ in, so that no cache of one value helps. */
export function sampleMessages(content: string, count: number): WireMessage[] {
  return Array.from({ length: count }, (_, index) => {
    const time_ms = 1_769_558_400_000 + index * 1_357;
    const session_id = makeId('ses', time_ms - 60_000, randomBytes(10));
    return {
      message_id: makeId('msg', time_ms, randomBytes(10)),
      session_id,
      seq_id: 1 + index * 7,
      type: 'text',
      sender: makeId(index % 2 ? 'agt' : 'vis', time_ms - 90_000, randomBytes(10)),
      sender_role: index % 2 ? 'agent' : 'visitor',
      target: session_id,
      content,
      send_time: `${time_ms}${String(randomBytes(4).readUInt32BE() % 1_000_000).padStart(6, '0')}`,
      client_msg_id: randomUUID(),
      reply_to: null,
    };
  });
}
