/**
 * WebSocket frames (RFC 6455, server to client: not masked, not fragmented), made once and written to any number of sockets.
 * Several of them behind each other are one write.
 */
import { textPacket } from '#libs/protocol';

const FINAL = 0x80;
const OPCODE = { text: 1, binary: 2 } as const;
const SHORT_MAX = 125;
const TWO_BYTES = 126;
const TWO_BYTES_MAX = 0xffff;
const EIGHT_BYTES = 127;
/** engine.io's packet type `message`. */
const MESSAGE = '4';
/** socket.io's packet type. */
const CONNECT_ERROR = '4';

/** An event whose data is JSON text already. */
export function eventFrame(event: string, json: string): Buffer {
  return textFrame(MESSAGE + textPacket(event, json));
}

/** The refusal of a handshake, as socket.io's stock parser writes it. */
export function connectErrorFrame(json: string): Buffer {
  return textFrame(MESSAGE + CONNECT_ERROR + json);
}

/** engine.io passes binary messages as they are. */
export function binaryFrame(bytes: Uint8Array): Buffer {
  const frame = allocate(OPCODE.binary, bytes.length);
  frame.set(bytes, frame.length - bytes.length);
  return frame;
}

function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const frame = allocate(OPCODE.text, length);
  frame.write(text, frame.length - length);
  return frame;
}

function allocate(opcode: number, length: number): Buffer {
  const extra = length <= SHORT_MAX ? 0 : length <= TWO_BYTES_MAX ? 2 : 8;
  const frame = Buffer.allocUnsafe(2 + extra + length);
  frame[0] = FINAL | opcode;
  frame[1] = extra === 0 ? length : extra === 2 ? TWO_BYTES : EIGHT_BYTES;
  if (extra === 2) frame.writeUInt16BE(length, 2);
  if (extra === 8) frame.writeBigUInt64BE(BigInt(length), 2);
  return frame;
}
