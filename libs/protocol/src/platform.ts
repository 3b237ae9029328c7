/**
 * Bytes and text, by the fastest means the platform has.
 * Node's Buffer methods are used when they are there (they turn bytes into a string twice as fast as TextDecoder does for
 * short texts); a browser has the standard ones. Both give the same results.
 */
interface NodeBuffer {
  alloc(size: number): Uint8Array;
  prototype: { latin1Slice?: (this: Uint8Array, start: number, end: number) => string };
}

const nodeBuffer = (globalThis as { Buffer?: NodeBuffer }).Buffer;
const nodeLatin1Slice = nodeBuffer?.prototype.latin1Slice;
const utf8Encoder = new TextEncoder();
// The byte order mark is a character of the sender's like any other.
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Up to here a loop over characters is faster than the call that a platform's encoder costs. */
const SHORT = 64;

/** Zeroed bytes; in Node a Buffer, which `ws` writes without wrapping it again. */
export function allocate(size: number): Uint8Array {
  return nodeBuffer ? nodeBuffer.alloc(size) : new Uint8Array(size);
}

/** Bytes 0–127 as text, at most some hundreds of them. */
export const asciiText: (bytes: Uint8Array, start: number, end: number) => string = nodeLatin1Slice
  ? (bytes, start, end) => nodeLatin1Slice.call(bytes, start, end)
  : (bytes, start, end) => String.fromCharCode(...bytes.subarray(start, end));

/**
 * Writes text as UTF-8 and returns where it ends, or -1 for a lone surrogate, which UTF-8 can't express.
 * The target must have three bytes of room for each UTF-16 unit.
 */
export function writeUtf8(text: string, target: Uint8Array, at: number): number {
  const { length } = text;
  if (length <= SHORT) {
    let index = 0;
    for (; index < length; index += 1) {
      const unit = text.charCodeAt(index);
      if (unit > 127) break;
      target[at + index] = unit;
    }
    if (index === length) return at + length;
  }
  if (!text.isWellFormed()) return -1;
  return at + utf8Encoder.encodeInto(text, target.subarray(at)).written;
}

/** Reads UTF-8; undefined when the bytes are none. */
export function readUtf8(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end - start <= SHORT && isAscii(bytes, start, end)) return asciiText(bytes, start, end);
  try {
    return utf8Decoder.decode(bytes.subarray(start, end));
  } catch {
    return undefined;
  }
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let index = start; index < end; index += 1) if ((bytes[index] ?? 0) > 127) return false;
  return true;
}
