/**
 * The binary frame: one message as a fixed header, a few optional parts, and the content as UTF-8.
 *
 * | bytes | what |
 * |---|---|
 * | 0 | version (1) |
 * | 1 | kind: 1 `message:send`, 2 `message:created` |
 * | 2 | type of the message |
 * | 3 | high half: who sent it (sender_role); low half: flags, see FLAG |
 * | 4–11 | seq_id; in `message:send` the number of the acknowledgement, or all ones for none |
 * | 12–19 | send_time, nanoseconds since 1970 |
 * | 20–35 | session_id |
 * | 36–51 | message_id |
 * | 52–67 | client_msg_id |
 * | 68 | sender: 0 a name, 1 visitor, 2 agent |
 * | 69 | length of the name; behind the header it stands, or the 16 bytes of the id |
 * Then by flag: reply_to (16), choice_id and target (one byte of length each), and the content to the end.
 *
 * All numbers are big-endian. No input makes a function here throw; unknown versions, kinds and types are refused.
 */
import type { Message, MessageSend } from '#libs/contracts';
import { formatId, ID_BYTES, type IdPrefix, isId, type MessageId, type SessionId, writeIdBytes } from './ids.ts';

export const FRAME_VERSION = 1;
const HEADER_BYTES = 70;
const KIND = { send: 1, created: 2 } as const;
const FLAG = { reply: 1, choice: 2, target: 4, json: 8 } as const;
const NO_ACK = 0xffff_ffff;
const MAX_SHORT_TEXT = 255;

const types: readonly Message['type'][] = [
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
];
const roles: readonly Message['sender_role'][] = ['visitor', 'agent', 'bot', 'system', 'api'];
const senderKinds: readonly (IdPrefix | undefined)[] = [undefined, 'vis', 'agt'];

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export type DecodedFrame =
  | { ok: true; kind: 'created'; message: Message }
  | { ok: true; kind: 'send'; message: MessageSend; ack: number | undefined }
  | { ok: false; reason: string };

/** What a router or a list needs of a `message:created`, without its words. */
export interface FrameHeader {
  kind: 'send' | 'created';
  seq_id: number;
  send_time: string;
  session_id: SessionId;
  message_id: MessageId;
}

/** A stored message as a frame. */
export function encodeMessage(message: Message): Uint8Array {
  const { seq_id, send_time, message_id, sender, sender_role, target } = message;
  const head = { kind: KIND.created, seq_id, send_time: BigInt(send_time), message_id, sender, sender_role };
  return encode(message, head, target === message.session_id ? undefined : target);
}

/** A sending as a frame; `ack` is socket.io's number of the wanted acknowledgement. */
export function encodeSend(message: MessageSend, ack: number | undefined): Uint8Array {
  return encode(message, { kind: KIND.send, seq_id: ack ?? NO_ACK, send_time: 0n, sender: '', sender_role: 'visitor' });
}

interface Head {
  kind: number;
  seq_id: number;
  send_time: bigint;
  message_id?: string;
  sender: string;
  sender_role: Message['sender_role'];
}
type Body = Pick<Message, 'session_id' | 'client_msg_id' | 'type'> & {
  content: unknown;
  reply_to?: string | null | undefined;
  choice_id?: string | undefined;
};

function encode(body: Body, head: Head, target?: string): Uint8Array {
  const isText = typeof body.content === 'string';
  const content = isText ? (body.content as string) : JSON.stringify(body.content);
  const senderKind = isId('vis', head.sender) ? 1 : isId('agt', head.sender) ? 2 : 0;
  const name = senderKind === 0 ? encoder.encode(head.sender) : undefined;
  const choice = body.choice_id === undefined ? undefined : encoder.encode(body.choice_id);
  const goal = target === undefined ? undefined : encoder.encode(target);
  // UTF-8 needs at most three bytes a UTF-16 unit; the frame is cut to what was written.
  const room = HEADER_BYTES + (name?.length ?? ID_BYTES) + ID_BYTES + 2 + (choice?.length ?? 0) + (goal?.length ?? 0);
  const bytes = new Uint8Array(room + content.length * 3);
  const view = new DataView(bytes.buffer);
  const flags =
    (body.reply_to ? FLAG.reply : 0) | (choice ? FLAG.choice : 0) | (goal ? FLAG.target : 0) | (isText ? 0 : FLAG.json);
  bytes[0] = FRAME_VERSION;
  bytes[1] = head.kind;
  bytes[2] = types.indexOf(body.type);
  bytes[3] = (roles.indexOf(head.sender_role) << 4) | flags;
  view.setUint32(4, Math.floor(head.seq_id / 2 ** 32));
  view.setUint32(8, head.seq_id >>> 0);
  view.setBigUint64(12, head.send_time);
  writeIdBytes(body.session_id, bytes, 20);
  if (head.message_id) writeIdBytes(head.message_id, bytes, 36);
  writeUuid(body.client_msg_id, bytes, 52);
  bytes[68] = senderKind;
  bytes[69] = name?.length ?? 0;
  let at = HEADER_BYTES;
  if (name) bytes.set(name, at);
  else writeIdBytes(head.sender, bytes, at);
  at += name?.length ?? ID_BYTES;
  if (body.reply_to) {
    writeIdBytes(body.reply_to, bytes, at);
    at += ID_BYTES;
  }
  for (const text of [choice, goal]) {
    if (!text) continue;
    bytes[at] = text.length;
    bytes.set(text, at + 1);
    at += 1 + text.length;
  }
  const { written } = encoder.encodeInto(content, bytes.subarray(at));
  return bytes.subarray(0, at + written);
}

/** Only the header's numbers and ids; undefined when it is no frame. */
export function readHeader(bytes: Uint8Array): FrameHeader | undefined {
  if (bytes.length < HEADER_BYTES || bytes[0] !== FRAME_VERSION) return undefined;
  const kind = bytes[1] === KIND.send ? 'send' : bytes[1] === KIND.created ? 'created' : undefined;
  if (!kind) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    kind,
    seq_id: view.getUint32(4) * 2 ** 32 + view.getUint32(8),
    send_time: view.getBigUint64(12).toString(),
    session_id: formatId('ses', bytes, 20),
    message_id: formatId('msg', bytes, 36),
  };
}

/** Reads a frame; every byte sequence gives an answer. */
export function decodeFrame(bytes: Uint8Array): DecodedFrame {
  try {
    return decode(bytes);
  } catch {
    // The only throws are of the UTF-8 decoder and of JSON.parse.
    return refused('content is not UTF-8 or not JSON');
  }
}

function decode(bytes: Uint8Array): DecodedFrame {
  const header = readHeader(bytes);
  if (!header) return refused('no frame of a known version and kind');
  const type = types[bytes[2] ?? types.length];
  const sender_role = roles[(bytes[3] ?? 0) >> 4];
  const flags = (bytes[3] ?? 0) & 15;
  if (!type || !sender_role) return refused('unknown type or role');
  const parts = new Parts(bytes, HEADER_BYTES);
  const senderPrefix = senderKinds[bytes[68] ?? 0];
  if ((bytes[68] ?? 0) >= senderKinds.length) return refused('unknown kind of sender');
  const sender = senderPrefix ? parts.takeId(senderPrefix) : parts.takeText(bytes[69] ?? 0);
  const reply_to = flags & FLAG.reply ? parts.takeId('msg') : null;
  const choice_id = flags & FLAG.choice ? parts.takeShortText() : undefined;
  const target = flags & FLAG.target ? parts.takeShortText() : header.session_id;
  if (parts.isOverrun) return refused('the frame is too short');
  const text = parts.rest();
  const content: unknown = flags & FLAG.json ? JSON.parse(text) : text;
  if (typeof content !== 'string' && (typeof content !== 'object' || content === null)) return refused('bad content');
  const body = { session_id: header.session_id, client_msg_id: readUuid(bytes, 52), type, content };
  const choice = choice_id === undefined ? {} : { choice_id };
  if (header.kind === 'created') {
    const { message_id, seq_id, send_time } = header;
    const message = { ...body, message_id, seq_id, send_time, sender, sender_role, target, reply_to, ...choice };
    return { ok: true, kind: 'created', message: message as Message };
  }
  const reply = reply_to === null ? {} : { reply_to };
  const ack = header.seq_id === NO_ACK ? undefined : header.seq_id;
  return { ok: true, kind: 'send', message: { ...body, ...reply, ...choice } as MessageSend, ack };
}

/** Takes the optional parts one after the other; running over the end is noticed once, at the end. */
class Parts {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#at = start;
  }

  get isOverrun(): boolean {
    return this.#at > this.#bytes.length;
  }

  takeId(prefix: IdPrefix): string {
    const start = this.#at;
    this.#at += ID_BYTES;
    return this.isOverrun ? '' : formatId(prefix, this.#bytes, start);
  }

  takeText(length: number): string {
    const start = this.#at;
    this.#at += length;
    return this.isOverrun ? '' : decoder.decode(this.#bytes.subarray(start, this.#at));
  }

  takeShortText(): string {
    const length = this.#bytes[this.#at] ?? MAX_SHORT_TEXT;
    this.#at += 1;
    return this.takeText(length);
  }

  rest(): string {
    return decoder.decode(this.#bytes.subarray(this.#at));
  }
}

function refused(reason: string): DecodedFrame {
  return { ok: false, reason };
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'));

function writeUuid(uuid: string, target: Uint8Array, offset: number): void {
  let at = offset;
  for (let index = 0; index < uuid.length; index += 2) {
    if (uuid.charCodeAt(index) === 45) index += 1;
    target[at] = (hexValue(uuid.charCodeAt(index)) << 4) | hexValue(uuid.charCodeAt(index + 1));
    at += 1;
  }
}

function hexValue(code: number): number {
  return code < 58 ? code - 48 : (code | 32) - 87;
}

function readUuid(bytes: Uint8Array, offset: number): string {
  let text = '';
  for (let index = 0; index < 16; index += 1) {
    if (index === 4 || index === 6 || index === 8 || index === 10) text += '-';
    text += HEX[bytes[offset + index] ?? 0];
  }
  return text;
}
