import { ID_BYTES, ID_LETTERS, parseLetters } from './base32.ts';
import {
  AT,
  FLAG,
  FRAME_VERSION,
  KIND,
  MAX_PACKET_BYTES,
  MAX_SHORT_UNITS,
  messageTypes,
  PARTY,
  senderRoles,
  type WireMessage,
  type WireSend,
} from './frame-layout.ts';
import { allocate, writeUtf8 } from './platform.ts';
import { parseTime, writeWord } from './send-time.ts';
import { parseUuid } from './uuid.ts';

/** All but the content: header, two parties, reply_to and choice_id at their longest. */
const BYTES_PER_UNIT = 3;
const MAX_BEFORE_CONTENT = AT.createdEnd + 5 + 3 * MAX_SHORT_UNITS * BYTES_PER_UNIT + ID_BYTES;
const ID_PREFIX = 4;
const [MSG, SES, VIS, AGT] = [prefixOf('msg_'), prefixOf('ses_'), prefixOf('vis_'), prefixOf('agt_')] as const;
const WORD = 2 ** 32;

/**
 * Frames are cut from a slab, since making a typed array costs more than filling one. A frame that waits for a slow reader
 * keeps its whole slab alive: so it is as small as Node's own pool for buffers. A place is never written twice.
 */
const SLAB_BYTES = 8_192;
let slab = allocate(SLAB_BYTES);
let used = 0;

/**
 * A stored message as a frame; the frame is the caller's, nobody writes to it again.
 * Throws a RangeError for what is no message of the contract, for instance an id with a wrong letter.
 */
export function encodeMessage(message: WireMessage): Uint8Array {
  const content = textOf(message.content);
  const start = reserve(content);
  const end = writeCreated(message, content, start);
  if (end < 0) throw new RangeError('not a message that a frame can carry');
  return take(start, end);
}

/**
 * A sending as a frame; `ack` is socket.io's number of the wanted acknowledgement.
 * Undefined when a frame can't say it, for instance a lone surrogate or a wrong id: as JSON the server can say what is wrong.
 */
export function encodeSend(send: WireSend, ack: number | undefined): Uint8Array | undefined {
  const content = textOf(send.content);
  const start = reserve(content);
  const end = writeSend(send, content, ack, start);
  return end < 0 ? undefined : take(start, end);
}

function textOf(content: WireSend['content']): string {
  return typeof content === 'string' ? content : JSON.stringify(content);
}

function reserve(content: string): number {
  const most = MAX_BEFORE_CONTENT + content.length * BYTES_PER_UNIT;
  if (used + most <= slab.length) return used;
  slab = allocate(Math.max(SLAB_BYTES, most));
  used = 0;
  return 0;
}

function take(start: number, end: number): Uint8Array {
  used = end;
  return slab.subarray(start, end);
}

/** Each writer here returns where it ended, or -1 when its part can't be said. */
function writeCreated(message: WireMessage, content: string, start: number): number {
  const { target, session_id } = message;
  const role = senderRoles.indexOf(message.sender_role);
  if (!writeStart(message, KIND.created, start) || role < 0) return -1;
  if (!Number.isSafeInteger(message.seq_id) || message.seq_id < 0) return -1;
  writeNumber(message.seq_id, start + AT.number);
  if (!writeId(MSG, message.message_id, start + AT.message)) return -1;
  if (!parseTime(message.send_time, slab, start + AT.time)) return -1;
  slab[start + AT.role] = role;
  let end = writeParty(message.sender, start + AT.createdEnd);
  if (end > 0 && target !== session_id) {
    slab[start + AT.flags] = (slab[start + AT.flags] ?? 0) | FLAG.target;
    end = writeParty(target, end);
  }
  return end < 0 ? -1 : writeEnd(message, content, start, end);
}

function writeSend(send: WireSend, content: string, ack: number | undefined, start: number): number {
  if (!writeStart(send, KIND.send, start)) return -1;
  if (ack !== undefined) slab[start + AT.flags] = (slab[start + AT.flags] ?? 0) | FLAG.ack;
  writeNumber(ack ?? 0, start + AT.number);
  return writeEnd(send, content, start, start + AT.sendEnd);
}

function writeStart(message: WireSend, kind: number, start: number): boolean {
  const type = messageTypes.indexOf(message.type);
  if (type < 0) return false;
  slab[start] = FRAME_VERSION;
  slab[start + AT.kind] = kind;
  slab[start + AT.flags] = typeof message.content === 'string' ? 0 : FLAG.json;
  slab[start + AT.type] = type;
  return (
    writeId(SES, message.session_id, start + AT.session) && parseUuid(message.client_msg_id, slab, start + AT.client)
  );
}

function writeEnd(message: WireSend, content: string, start: number, from: number): number {
  let end = from;
  let flags = 0;
  if (message.reply_to) {
    flags |= FLAG.reply;
    if (!writeId(MSG, message.reply_to, end)) return -1;
    end += ID_BYTES;
  }
  if (message.choice_id !== undefined) {
    flags |= FLAG.choice;
    end = writeShort(message.choice_id, end);
    if (end < 0) return -1;
  }
  slab[start + AT.flags] = (slab[start + AT.flags] ?? 0) | flags;
  end = writeUtf8(content, slab, end);
  return end - start > MAX_PACKET_BYTES ? -1 : end;
}

function writeParty(party: string, at: number): number {
  const kind = hasPrefix(party, VIS) ? PARTY.visitor : hasPrefix(party, AGT) ? PARTY.agent : PARTY.name;
  if (kind !== PARTY.name && parseLetters(party, ID_PREFIX, slab, at + 1)) {
    slab[at] = kind;
    return at + 1 + ID_BYTES;
  }
  slab[at] = PARTY.name;
  return writeShort(party, at + 1);
}

function writeShort(text: string, at: number): number {
  if (text.length > MAX_SHORT_UNITS) return -1;
  const end = writeUtf8(text, slab, at + 1);
  slab[at] = end - at - 1;
  return end;
}

function writeId(prefix: number, id: string, at: number): boolean {
  return hasPrefix(id, prefix) && parseLetters(id, ID_PREFIX, slab, at);
}

/** Whether it has an id's length and first letters; as numbers, because `startsWith` is a call each time. */
function hasPrefix(id: string, prefix: number): boolean {
  return id.length === ID_PREFIX + ID_LETTERS && prefixOf(id) === prefix;
}

function prefixOf(id: string): number {
  return (id.charCodeAt(0) << 16) | (id.charCodeAt(1) << 8) | id.charCodeAt(2) | (id.charCodeAt(3) << 24);
}

function writeNumber(value: number, at: number): void {
  const high = Math.floor(value / WORD);
  writeWord(high, slab, at);
  writeWord(value - high * WORD, slab, at + 4);
}
