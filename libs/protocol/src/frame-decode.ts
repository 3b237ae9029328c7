import { writeLetters } from './base32.ts';
import {
  AT,
  createdFlags,
  FLAG,
  FRAME_VERSION,
  KIND,
  MAX_PACKET_BYTES,
  messageTypes,
  PARTY,
  sendFlags,
  senderRoles,
  type WireMessage,
  type WireSend,
} from './frame-layout.ts';
import { partyEnd, readContent, readNumber, readParts, readParty } from './frame-parts.ts';
import type { MessageId, SessionId } from './ids.ts';
import { asciiText } from './platform.ts';
import { TIME_DIGITS, writeTimeDigits } from './send-time.ts';
import { UUID_LENGTH, writeUuid } from './uuid.ts';

/** What a frame says, or why it says nothing. */
export type DecodedFrame =
  | { ok: true; kind: 'created'; message: WireMessage }
  | { ok: true; kind: 'send'; message: WireSend; ack: number | undefined }
  | { ok: false; reason: string };

const refused = (reason: string): DecodedFrame => ({ ok: false, reason });
const TOO_SHORT = refused('the frame is too short');
const TOO_LONG = refused('the frame is too long');
const NO_FRAME = refused('no frame of a known version and kind');
const UNKNOWN = refused('an unknown flag, type or role');
const BAD_NUMBER = refused('a number beyond 2^53');
const BAD_PART = refused('a part before the content is cut off or not UTF-8');
const BAD_CONTENT = refused('the content is not UTF-8, or no JSON object');

/**
 * The ids of a frame are written into one scratch as ASCII and become one string, of which the fields are slices: one call
 * instead of five. Prefixes stand there for good; ids begin at even places, as writeLetters asks.
 */
const MESSAGE_AT = 0;
const SENDER_AT = 30;
const SESSION_AT = 60;
const UUID_AT = 90;
const TIME_AT = UUID_AT + UUID_LENGTH;
const ID_PREFIX = 4;
const scratchPairs = new Uint16Array((TIME_AT + TIME_DIGITS) / 2);
const scratch = new Uint8Array(scratchPairs.buffer);
const ascii = new TextEncoder();
const visitorPrefix = ascii.encode('vis_');
const agentPrefix = ascii.encode('agt_');
scratch.set(ascii.encode('msg_'), MESSAGE_AT);
scratch.set(ascii.encode('ses_'), SESSION_AT);

/** Reads a frame; every byte sequence gives an answer, none throws. */
export function decodeFrame(bytes: Uint8Array): DecodedFrame {
  if (bytes.length < AT.sendEnd) return TOO_SHORT;
  if (bytes.length > MAX_PACKET_BYTES) return TOO_LONG;
  if (bytes[AT.version] !== FRAME_VERSION) return NO_FRAME;
  if (bytes[AT.kind] === KIND.created) return decodeCreated(bytes);
  if (bytes[AT.kind] === KIND.send) return decodeSend(bytes);
  return NO_FRAME;
}

function decodeCreated(bytes: Uint8Array): DecodedFrame {
  // The sender has at least two bytes, whatever its kind.
  if (bytes.length < AT.createdEnd + 2) return TOO_SHORT;
  const flags = bytes[AT.flags] ?? 0;
  const type = messageTypes[bytes[AT.type] ?? 0];
  const sender_role = senderRoles[bytes[AT.role] ?? 0];
  if (!type || !sender_role || (flags & ~createdFlags) !== 0) return UNKNOWN;
  const seq_id = readNumber(bytes, AT.number);
  if (seq_id < 0) return BAD_NUMBER;
  const partyAt = AT.createdEnd;
  const senderEnd = partyEnd(bytes, partyAt);
  const parts = senderEnd < 0 ? undefined : readParts(bytes, flags, senderEnd);
  if (!parts) return BAD_PART;
  const content = readContent(bytes, parts.content_at, flags);
  if (content === undefined) return BAD_CONTENT;

  const text = readTexts(bytes, partyAt);
  const sender = bytes[partyAt] === PARTY.name ? readParty(bytes, partyAt) : text.slice(SENDER_AT, SESSION_AT);
  if (sender === undefined) return BAD_PART;
  const session_id = text.slice(SESSION_AT, UUID_AT) as SessionId;
  const message: WireMessage = {
    message_id: text.slice(MESSAGE_AT, SENDER_AT) as MessageId,
    session_id,
    seq_id,
    type,
    sender,
    sender_role,
    target: parts.target ?? session_id,
    content,
    send_time: text.slice(TIME_AT),
    client_msg_id: text.slice(UUID_AT, TIME_AT),
    reply_to: parts.reply_to,
  };
  if (parts.choice_id !== undefined) message.choice_id = parts.choice_id;
  return { ok: true, kind: 'created', message };
}

function decodeSend(bytes: Uint8Array): DecodedFrame {
  const flags = bytes[AT.flags] ?? 0;
  const type = messageTypes[bytes[AT.type] ?? 0];
  if (!type || (flags & ~sendFlags) !== 0) return UNKNOWN;
  const number = readNumber(bytes, AT.number);
  if (number < 0) return BAD_NUMBER;
  const parts = readParts(bytes, flags, AT.sendEnd);
  if (!parts) return BAD_PART;
  const content = readContent(bytes, parts.content_at, flags);
  if (content === undefined) return BAD_CONTENT;

  writeLetters(bytes, AT.session, scratchPairs, (SESSION_AT + ID_PREFIX) / 2);
  writeUuid(bytes, AT.client, scratchPairs, UUID_AT / 2);
  const text = asciiText(scratch, SESSION_AT, TIME_AT);
  const message: WireSend = {
    session_id: text.slice(0, UUID_AT - SESSION_AT) as SessionId,
    client_msg_id: text.slice(UUID_AT - SESSION_AT),
    type,
    content,
  };
  if (parts.reply_to !== null) message.reply_to = parts.reply_to;
  if (parts.choice_id !== undefined) message.choice_id = parts.choice_id;
  return { ok: true, kind: 'send', message, ack: flags & FLAG.ack ? number : undefined };
}

/** All fixed texts of a `message:created`, each at its place. */
function readTexts(bytes: Uint8Array, partyAt: number): string {
  writeLetters(bytes, AT.message, scratchPairs, (MESSAGE_AT + ID_PREFIX) / 2);
  writeLetters(bytes, AT.session, scratchPairs, (SESSION_AT + ID_PREFIX) / 2);
  writeUuid(bytes, AT.client, scratchPairs, UUID_AT / 2);
  const party = bytes[partyAt];
  if (party !== PARTY.name) {
    scratch.set(party === PARTY.agent ? agentPrefix : visitorPrefix, SENDER_AT);
    writeLetters(bytes, partyAt + 1, scratchPairs, (SENDER_AT + ID_PREFIX) / 2);
  }
  return asciiText(scratch, 0, writeTimeDigits(bytes, AT.time, scratch, TIME_AT));
}
