import { asciiText } from './ascii.ts';
import {
  AT,
  CLIENT_END,
  FRAME_VERSION,
  ID_LENGTH,
  KIND,
  MESSAGE_END,
  messageTypes,
  senderRoles,
  type WireMessage,
} from './frame-layout.ts';
import { readNumber } from './frame-number.ts';
import type { MessageId, SessionId } from './ids.ts';

/**
 * The header of a `message:created`, without its words: numbers at once, ids and time when they are asked for.
 * It reads from the frame's own bytes, which must not change meanwhile. Of a stored message, whose ids are ASCII, it says
 * what decodeFrame says.
 */
export class FrameHeader {
  readonly kind = 'created';
  readonly seq_id: number;
  readonly type: WireMessage['type'];
  readonly sender_role: WireMessage['sender_role'];
  readonly #bytes: Uint8Array;

  /** Use `readHeader`, which knows that the bytes are a frame. */
  constructor(bytes: Uint8Array, seq_id: number, type: WireMessage['type'], sender_role: WireMessage['sender_role']) {
    this.#bytes = bytes;
    this.seq_id = seq_id;
    this.type = type;
    this.sender_role = sender_role;
  }

  get session_id(): SessionId {
    return asciiText(this.#bytes, AT.text, AT.text + ID_LENGTH) as SessionId;
  }

  get message_id(): MessageId {
    return asciiText(this.#bytes, AT.text + CLIENT_END, AT.text + MESSAGE_END) as MessageId;
  }

  /** Nanoseconds since 1970 in decimal. */
  get send_time(): string {
    const start = AT.text + MESSAGE_END;
    return asciiText(this.#bytes, start, start + (this.#bytes[AT.timeLength] ?? 0));
  }
}

/** The header of a `message:created`; undefined when the bytes are none. Parts behind the time are not looked at. */
export function readHeader(bytes: Uint8Array): FrameHeader | undefined {
  const isCreated = bytes[AT.version] === FRAME_VERSION && bytes[AT.kind] === KIND.created;
  if (!isCreated || bytes.length < AT.text + MESSAGE_END + (bytes[AT.timeLength] ?? 0)) return undefined;
  const type = messageTypes[bytes[AT.type] ?? 0];
  const sender_role = senderRoles[bytes[AT.role] ?? 0];
  const seq_id = readNumber(bytes, AT.number);
  return type && sender_role && seq_id >= 0 ? new FrameHeader(bytes, seq_id, type, sender_role) : undefined;
}
