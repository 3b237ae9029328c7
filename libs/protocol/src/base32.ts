/**
 * 128 bits as 26 letters of Crockford's base 32 in lower case, most significant first; the first letter holds 3 bits.
 * One spelling only: no aliases (i, l, o), no capitals, no check letter. https://www.crockford.com/base32.html
 *
 * Written for the hot path of the frame: eight letters are five bytes, and two letters are one entry of a table.
 */
import { asciiText } from './platform.ts';

export const ID_BYTES = 16;
export const ID_LETTERS = 26;

const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz';
const valueOf = new Int8Array(128).fill(-1);
// Filled as bytes and read as 16-bit numbers, so that both letters are in order on any machine.
const pairs = new Uint16Array(1024);
const pairBytes = new Uint8Array(pairs.buffer);
for (let value = 0; value < 32; value += 1) {
  valueOf[LETTERS.charCodeAt(value)] = value;
  for (let other = 0; other < 32; other += 1) {
    pairBytes[(value * 32 + other) * 2] = LETTERS.charCodeAt(value);
    pairBytes[(value * 32 + other) * 2 + 1] = LETTERS.charCodeAt(other);
  }
}

/** A letter's value, or -1 for what is no letter. */
function letter(text: string, index: number): number {
  return valueOf[text.charCodeAt(index)] ?? -1;
}

/** Writes the 26 letters from `from` on as 16 bytes. False, with the target spoilt, when they are no 128 bits. */
export function parseLetters(text: string, from: number, target: Uint8Array, at: number): boolean {
  const first = (letter(text, from) << 5) | letter(text, from + 1);
  // Any -1 keeps its sign through shifts and ors, so one look at the end is enough; 255 - first is negative beyond 128 bits.
  let sign = first | (255 - first);
  target[at] = first;
  let index = from + 2;
  for (let to = at + 1; to < at + ID_BYTES; to += 5) {
    const high =
      (letter(text, index) << 15) |
      (letter(text, index + 1) << 10) |
      (letter(text, index + 2) << 5) |
      letter(text, index + 3);
    const low =
      (letter(text, index + 4) << 15) |
      (letter(text, index + 5) << 10) |
      (letter(text, index + 6) << 5) |
      letter(text, index + 7);
    sign |= high | low;
    target[to] = high >> 12;
    target[to + 1] = high >> 4;
    target[to + 2] = (high << 4) | (low >> 16);
    target[to + 3] = low >> 8;
    target[to + 4] = low;
    index += 8;
  }
  return sign >= 0;
}

/** Whether 26 letters from `from` on are 128 bits. */
export function areLetters(text: string, from: number): boolean {
  let sign = 7 - letter(text, from);
  for (let index = from; index < from + ID_LETTERS; index += 1) sign |= letter(text, index);
  return sign >= 0;
}

/** Writes 16 bytes as 26 letters into `target`, `pair` being half the byte offset: letters begin at even places. */
export function writeLetters(bytes: Uint8Array, from: number, target: Uint16Array, pair: number): void {
  target[pair] = pairs[bytes[from] ?? 0] ?? 0;
  let to = pair + 1;
  for (let index = from + 1; index < from + ID_BYTES; index += 5) {
    const second = bytes[index + 1] ?? 0;
    const third = bytes[index + 2] ?? 0;
    const fourth = bytes[index + 3] ?? 0;
    target[to] = pairs[((bytes[index] ?? 0) << 2) | (second >> 6)] ?? 0;
    target[to + 1] = pairs[((second & 63) << 4) | (third >> 4)] ?? 0;
    target[to + 2] = pairs[((third & 15) << 6) | (fourth >> 2)] ?? 0;
    target[to + 3] = pairs[((fourth & 3) << 8) | (bytes[index + 4] ?? 0)] ?? 0;
    to += 4;
  }
}

const scratch = new Uint16Array(ID_LETTERS / 2);
const scratchBytes = new Uint8Array(scratch.buffer);

/** 16 bytes as 26 letters. */
export function formatLetters(bytes: Uint8Array, from: number): string {
  writeLetters(bytes, from, scratch, 0);
  return asciiText(scratchBytes, 0, ID_LETTERS);
}
