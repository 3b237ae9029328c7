/**
 * The binary frame: one message as 17 bytes of header and one UTF-8 text. Numbers are big-endian, lengths count UTF-16 units.
 *
 * | byte | what |
 * |---|---|
 * | 0 | version: 1 |
 * | 1 | kind: 1 `message:send`, 2 `message:created` |
 * | 2 | flags, see FLAG |
 * | 3 | type of the message |
 * | 4–11 | seq_id; in `message:send` socket.io's number of the wanted acknowledgement, or 0 without its flag |
 * | 12 | sender_role, 0 in `message:send` |
 * | 13–16 | lengths of send_time, sender, target and choice_id; 0 for one that is not there |
 *
 * The text is these, one behind the other:
 *
 * | length | what |
 * |---|---|
 * | 30 | session_id |
 * | 36 | client_msg_id |
 * | 30 | message_id, in `message:created` |
 * | as the header says | send_time and sender, in `message:created` |
 * | as the header says | target, in `message:created` when it is not the session |
 * | 30 | reply_to, by flag |
 * | as the header says | choice_id |
 * | to the end | content: a text as it is, an object as JSON |
 *
 * Ids and time stand in front because they are ASCII: in `message:created` they have fixed places in bytes as well, from
 * which a header is read without its words. They stay text because packing them costs each end more time than the whole
 * rest, see docs/decisions/0003. A frame says them as they are; whether they are ids is for the contract to judge.
 *
 * A decoder refuses unknown versions, kinds, flags, types and roles: whatever is added later comes with another version.
 */
import type { MessageId, SessionId } from './ids.ts';

/** The version of the frame's layout: its first byte. */
export const FRAME_VERSION = 1;
/** The longest frame or text packet that anyone has to accept, in bytes. The largest valid message fits even escaped. */
export const MAX_PACKET_BYTES = 131_072;

export const KIND = { send: 1, created: 2 } as const;
export const FLAG = { json: 1, reply: 2, ack: 4 } as const;
/** What a frame of each kind may say by flag. */
export const sendFlags = FLAG.json | FLAG.reply | FLAG.ack;
export const createdFlags = FLAG.json | FLAG.reply;

/** Places in the header. */
export const AT = {
  version: 0,
  kind: 1,
  flags: 2,
  type: 3,
  number: 4,
  role: 12,
  timeLength: 13,
  senderLength: 14,
  targetLength: 15,
  choiceLength: 16,
  text: 17,
} as const;
/** What a byte of length can say; by contract none of these texts is longer than 64. */
export const MAX_SHORT = 255;

export const ID_LENGTH = 30;
export const UUID_LENGTH = 36;
/** Where the parts of fixed length end in the text. */
export const CLIENT_END = ID_LENGTH + UUID_LENGTH;
export const MESSAGE_END = CLIENT_END + ID_LENGTH;

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
