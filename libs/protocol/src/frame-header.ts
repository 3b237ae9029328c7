import { AT, FRAME_VERSION, KIND, messageTypes, senderRoles, type WireMessage } from './frame-layout.ts';
import { readNumber } from './frame-parts.ts';
import { formatId, type MessageId, type SessionId } from './ids.ts';
import { asciiText } from './platform.ts';
import { TIME_DIGITS, writeTimeDigits } from './send-time.ts';

const digits = new Uint8Array(TIME_DIGITS);

/**
 * The header of a `message:created`, without its words: numbers at once, ids and time when they are asked for.
 * It reads from the frame's own bytes, which must not change meanwhile.
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
    return formatId('ses', this.#bytes, AT.session);
  }

  get message_id(): MessageId {
    return formatId('msg', this.#bytes, AT.message);
  }

  /** Nanoseconds since 1970 in decimal. */
  get send_time(): string {
    return asciiText(digits, 0, writeTimeDigits(this.#bytes, AT.time, digits, 0));
  }
}

/** The header of a `message:created`; undefined when the bytes are none. Parts behind the header are not looked at. */
export function readHeader(bytes: Uint8Array): FrameHeader | undefined {
  if (bytes.length < AT.createdEnd || bytes[AT.version] !== FRAME_VERSION || bytes[AT.kind] !== KIND.created) {
    return undefined;
  }
  const type = messageTypes[bytes[AT.type] ?? 0];
  const sender_role = senderRoles[bytes[AT.role] ?? 0];
  const seq_id = readNumber(bytes, AT.number);
  return type && sender_role && seq_id >= 0 ? new FrameHeader(bytes, seq_id, type, sender_role) : undefined;
}
