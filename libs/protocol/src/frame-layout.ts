/**
 * The binary frame: one message as a fixed header, optional parts, and its content. Numbers are big-endian.
 *
 * | bytes | what |
 * |---|---|
 * | 0 | version: 1 |
 * | 1 | kind: 1 `message:send`, 2 `message:created` |
 * | 2 | flags, see FLAG |
 * | 3 | type of the message |
 * | 4–11 | seq_id; in `message:send` socket.io's number of the wanted acknowledgement, or 0 without its flag |
 * | 12–27 | session_id |
 * | 28–43 | client_msg_id |
 *
 * A `message:created` goes on with what only a server says:
 *
 * | bytes | what |
 * |---|---|
 * | 44–59 | message_id |
 * | 60–67 | send_time, nanoseconds since 1970 |
 * | 68 | sender_role |
 * | 69 … | sender: a party |
 *
 * Then, by flag and in this order: target (a party; without its flag it is the session), reply_to (16 bytes), choice_id (a
 * byte of length and so much UTF-8); and to the end of the frame the content: UTF-8, of a text as it is, of an object as JSON.
 * A party is one byte, 1 for a visitor or 2 for an agent, and the 16 bytes of the id; or 0, a byte of length and so
 * much UTF-8 for any other name.
 *
 * A decoder refuses unknown versions, kinds, flags, types and roles: whatever is added later comes with another version.
 */
import type { MessageId, SessionId } from './ids.ts';

/** The version of the frame's layout: its first byte. */
export const FRAME_VERSION = 1;
/** The longest frame or text packet that anyone has to accept, in bytes. The largest valid message fits even escaped. */
export const MAX_PACKET_BYTES = 131_072;

export const KIND = { send: 1, created: 2 } as const;
export const FLAG = { json: 1, target: 2, reply: 4, choice: 8, ack: 16 } as const;
/** What a frame of each kind may say by flag. */
export const sendFlags = FLAG.json | FLAG.reply | FLAG.choice | FLAG.ack;
export const createdFlags = FLAG.json | FLAG.target | FLAG.reply | FLAG.choice;

export const AT = {
  version: 0,
  kind: 1,
  flags: 2,
  type: 3,
  number: 4,
  session: 12,
  client: 28,
  sendEnd: 44,
  message: 44,
  time: 60,
  role: 68,
  createdEnd: 69,
} as const;
export const PARTY = { name: 0, visitor: 1, agent: 2 } as const;
/** Parties' names and choice_id have at most 64 units by contract; so many always fit their byte of length as UTF-8. */
export const MAX_SHORT_UNITS = 85;

/** Types of messages; the place in the list is the number on the wire, so new ones go to the end. */
export const messageTypes = [
  'text',
  'notification',
  'system',
  'image',
  'audio',
  'video',
  'file',
  'card',
  'choices',
  'transfer',
  'recall',
] as const;
/** Roles of senders; the place in the list is the number on the wire, so new ones go to the end. */
export const senderRoles = ['visitor', 'agent', 'bot', 'system', 'api'] as const;

/** A stored message as the wire carries it; the same fields as the contract's `Message`. */
export interface WireMessage {
  message_id: MessageId;
  session_id: SessionId;
  seq_id: number;
  type: (typeof messageTypes)[number];
  sender: string;
  sender_role: (typeof senderRoles)[number];
  target: string;
  content: string | Record<string, unknown>;
  send_time: string;
  client_msg_id: string;
  reply_to: MessageId | null;
  choice_id?: string | undefined;
}
/** A sending as the wire carries it; the contract's `MessageSend` before anyone has validated it. */
export type WireSend = Pick<WireMessage, 'session_id' | 'client_msg_id' | 'type' | 'content' | 'choice_id'> & {
  reply_to?: MessageId | null | undefined;
};
