/** Unsigned big-endian numbers of a frame's header. */
const WORD = 2 ** 32;
const MAX_HIGH_WORD = 2 ** 21;

/** Writes a safe integer from 0 on as 8 bytes. */
export function writeNumber(value: number, target: Uint8Array, at: number): void {
  writeWord(Math.floor(value / WORD), target, at);
  writeWord(value, target, at + 4);
}

/** A number of 8 bytes, or -1 when JavaScript can't hold it exactly. */
export function readNumber(bytes: Uint8Array, at: number): number {
  const high = readWord(bytes, at);
  return high < MAX_HIGH_WORD ? high * WORD + readWord(bytes, at + 4) : -1;
}

/** Shifts take a number modulo 2³², so this writes the low word of a longer one. */
function writeWord(value: number, target: Uint8Array, at: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}

/** An unsigned number of 4 bytes. */
export function readWord(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
  );
}
