import {
  AT,
  FLAG,
  FRAME_VERSION,
  ID_LENGTH,
  KIND,
  MAX_PACKET_BYTES,
  MAX_SHORT,
  messageTypes,
  senderRoles,
  UUID_LENGTH,
  type WireMessage,
  type WireSend,
} from './frame-layout.ts';
import { writeNumber } from './frame-number.ts';

const MAX_BYTES_PER_UNIT = 3;
const encoder = new TextEncoder();

/**
 * Frames are cut from a slab, since making a typed array costs several times as much as filling one. A frame that is kept
 * keeps its whole slab alive, so whoever lets many wait should copy them. A place is never handed out twice.
 */
const SLAB_BYTES = 32_768;
let slab = new Uint8Array(SLAB_BYTES);
let used = 0;

/**
 * A stored message as a frame; the frame is the caller's, nobody writes to it again.
 * Throws a RangeError for what a frame can't say, for instance a lone surrogate or an id of another length.
 */
export function encodeMessage(message: WireMessage): Uint8Array {
  const { message_id, send_time, sender } = message;
  const target = message.target === message.session_id ? undefined : message.target;
  const role = senderRoles.indexOf(message.sender_role);
  const canSay =
    role >= 0 && message_id.length === ID_LENGTH && isShort(send_time) && isShort(sender) && isShortOrNone(target);
  const middle = message_id + send_time + sender + (target ?? '');
  const frame = canSay ? write(message, KIND.created, message.seq_id, middle) : undefined;
  if (!frame) throw new RangeError('not a message that a frame can carry');
  frame[AT.role] = role;
  frame[AT.timeLength] = send_time.length;
  frame[AT.senderLength] = sender.length;
  frame[AT.targetLength] = target?.length ?? 0;
  return frame;
}

/**
 * A sending as a frame; `ack` is socket.io's number of the wanted acknowledgement.
 * Undefined when a frame can't say it, for instance a lone surrogate or an id of another length: as JSON the server can say
 * what is wrong.
 */
export function encodeSend(send: WireSend, ack: number | undefined): Uint8Array | undefined {
  const frame = write(send, KIND.send, ack ?? 0, '');
  if (frame && ack !== undefined) frame[AT.flags] = (frame[AT.flags] ?? 0) | FLAG.ack;
  return frame;
}

/** The frame but for what only a stored message has in its header; `middle` is what only it has in its text. */
function write(message: WireSend, kind: number, number: number, middle: string): Uint8Array | undefined {
  const { session_id, client_msg_id, choice_id } = message;
  const reply_to = message.reply_to ?? undefined;
  const type = messageTypes.indexOf(message.type);
  const content = contentText(message.content);
  if (type < 0 || content === undefined || !Number.isSafeInteger(number) || number < 0) return undefined;
  if (session_id.length !== ID_LENGTH || client_msg_id.length !== UUID_LENGTH || !isShortOrNone(choice_id)) {
    return undefined;
  }
  if (reply_to !== undefined && reply_to.length !== ID_LENGTH) return undefined;
  // One text and one call: each call of the encoder costs more than the bytes it writes.
  const frame = cut(session_id + client_msg_id + middle + (reply_to ?? '') + (choice_id ?? '') + content);
  if (!frame) return undefined;
  frame[AT.version] = FRAME_VERSION;
  frame[AT.kind] = kind;
  frame[AT.flags] = (typeof message.content === 'string' ? 0 : FLAG.json) | (reply_to === undefined ? 0 : FLAG.reply);
  frame[AT.type] = type;
  writeNumber(number, frame, AT.number);
  frame[AT.choiceLength] = choice_id?.length ?? 0;
  return frame;
}

/** A frame with this text and nothing in its header yet; undefined when the text is too long or not well-formed. */
function cut(text: string): Uint8Array | undefined {
  if (text.length > MAX_PACKET_BYTES) return undefined;
  const most = AT.text + text.length * MAX_BYTES_PER_UNIT;
  if (used + most > slab.length) {
    slab = new Uint8Array(Math.max(SLAB_BYTES, most));
    used = 0;
  }
  const start = used;
  const { written } = encoder.encodeInto(text, slab.subarray(start + AT.text));
  const end = start + AT.text + written;
  // The encoder puts a replacement for a lone surrogate; in a text of as many bytes as units there is none.
  if (end - start > MAX_PACKET_BYTES || (written !== text.length && !text.isWellFormed())) {
    // What was written must not show through the headers of the next frames.
    slab.fill(0, start, end);
    return undefined;
  }
  used = end;
  return slab.subarray(start, end);
}

/** Undefined for what JSON doesn't write as an object, such as a list or a date. */
function contentText(content: WireSend['content']): string | undefined {
  if (typeof content === 'string') return content;
  const json = JSON.stringify(content) as string | undefined;
  return json?.startsWith('{') ? json : undefined;
}

function isShort(text: string): boolean {
  return text.length > 0 && text.length <= MAX_SHORT;
}

function isShortOrNone(text: string | undefined): boolean {
  return text === undefined || isShort(text);
}
