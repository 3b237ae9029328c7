import {
  AT,
  CLIENT_END,
  createdFlags,
  FLAG,
  FRAME_VERSION,
  ID_LENGTH,
  KIND,
  MAX_PACKET_BYTES,
  MESSAGE_END,
  messageTypes,
  sendFlags,
  senderRoles,
  type WireMessage,
  type WireSend,
} from './frame-layout.ts';
import { readNumber, readWord } from './frame-number.ts';
import type { MessageId, SessionId } from './ids.ts';
import { isTooDeep } from './json-depth.ts';

/** What a frame says, or why it says nothing. Ids are whatever stood there: the contract judges them, as it does in JSON. */
export type DecodedFrame =
  | { ok: true; kind: 'created'; message: WireMessage }
  | { ok: true; kind: 'send'; message: WireSend; ack: number | undefined }
  | { ok: false; reason: string };

type Content = WireSend['content'];

const refused = (reason: string): DecodedFrame => ({ ok: false, reason });
const TOO_SHORT = refused('the frame is too short');
const TOO_LONG = refused('the frame is too long');
const NO_FRAME = refused('no frame of a known version and kind');
const UNKNOWN = refused('an unknown flag, type or role');
const BAD_HEADER = refused('a number or length in the header that this kind can not have');
const NOT_UTF8 = refused('the text is not UTF-8');
const BAD_CONTENT = refused('the content is no JSON object');

// The byte order mark is a character of the sender's like any other.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads a frame; every byte sequence gives an answer, none throws. */
export function decodeFrame(bytes: Uint8Array): DecodedFrame {
  if (bytes.length < AT.text) return TOO_SHORT;
  if (bytes.length > MAX_PACKET_BYTES) return TOO_LONG;
  if (bytes[AT.version] !== FRAME_VERSION) return NO_FRAME;
  if (bytes[AT.kind] === KIND.created) return decodeCreated(bytes);
  if (bytes[AT.kind] === KIND.send) return decodeSend(bytes);
  return NO_FRAME;
}

function decodeCreated(bytes: Uint8Array): DecodedFrame {
  const flags = bytes[AT.flags] ?? 0;
  const type = messageTypes[bytes[AT.type] ?? 0];
  const sender_role = senderRoles[bytes[AT.role] ?? 0];
  if (!type || !sender_role || (flags & ~createdFlags) !== 0) return UNKNOWN;
  const seq_id = readNumber(bytes, AT.number);
  const senderAt = MESSAGE_END + (bytes[AT.timeLength] ?? 0);
  const targetAt = senderAt + (bytes[AT.senderLength] ?? 0);
  if (seq_id < 0 || senderAt === MESSAGE_END || targetAt === senderAt) return BAD_HEADER;
  const text = readText(bytes);
  if (text === undefined) return NOT_UTF8;
  const replyAt = targetAt + (bytes[AT.targetLength] ?? 0);
  const choiceAt = replyAt + ((flags & FLAG.reply) === 0 ? 0 : ID_LENGTH);
  const contentAt = choiceAt + (bytes[AT.choiceLength] ?? 0);
  if (contentAt > text.length) return TOO_SHORT;
  const content = readContent(text.slice(contentAt), flags);
  if (content === undefined) return BAD_CONTENT;

  const session_id = text.slice(0, ID_LENGTH) as SessionId;
  const message: WireMessage = {
    message_id: text.slice(CLIENT_END, MESSAGE_END) as MessageId,
    session_id,
    seq_id,
    type,
    sender: text.slice(senderAt, targetAt),
    sender_role,
    target: targetAt === replyAt ? session_id : text.slice(targetAt, replyAt),
    content,
    send_time: text.slice(MESSAGE_END, senderAt),
    client_msg_id: text.slice(ID_LENGTH, CLIENT_END),
    reply_to: replyAt === choiceAt ? null : (text.slice(replyAt, choiceAt) as MessageId),
  };
  if (choiceAt !== contentAt) message.choice_id = text.slice(choiceAt, contentAt);
  return { ok: true, kind: 'created', message };
}

function decodeSend(bytes: Uint8Array): DecodedFrame {
  const flags = bytes[AT.flags] ?? 0;
  const type = messageTypes[bytes[AT.type] ?? 0];
  if (!type || (flags & ~sendFlags) !== 0) return UNKNOWN;
  const number = readNumber(bytes, AT.number);
  // The role and the lengths of time, sender and target are neighbours.
  const hasMore = readWord(bytes, AT.role) !== 0;
  const wantsAck = (flags & FLAG.ack) !== 0;
  if (number < 0 || (number > 0 && !wantsAck) || hasMore) return BAD_HEADER;
  const text = readText(bytes);
  if (text === undefined) return NOT_UTF8;
  const choiceAt = CLIENT_END + ((flags & FLAG.reply) === 0 ? 0 : ID_LENGTH);
  const contentAt = choiceAt + (bytes[AT.choiceLength] ?? 0);
  if (contentAt > text.length) return TOO_SHORT;
  const content = readContent(text.slice(contentAt), flags);
  if (content === undefined) return BAD_CONTENT;

  const message: WireSend = {
    session_id: text.slice(0, ID_LENGTH) as SessionId,
    client_msg_id: text.slice(ID_LENGTH, CLIENT_END),
    type,
    content,
  };
  if (choiceAt !== CLIENT_END) message.reply_to = text.slice(CLIENT_END, choiceAt) as MessageId;
  if (contentAt !== choiceAt) message.choice_id = text.slice(choiceAt, contentAt);
  return { ok: true, kind: 'send', message, ack: wantsAck ? number : undefined };
}

function readText(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes.subarray(AT.text));
  } catch {
    return undefined;
  }
}

/** The content; undefined when it is, by flag, not a JSON object of sane depth. */
function readContent(text: string, flags: number): Content | undefined {
  if ((flags & FLAG.json) === 0) return text;
  if (isTooDeep(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
