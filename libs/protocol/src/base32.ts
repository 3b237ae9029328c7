/**
 * 128 bits as 26 letters of Crockford's base 32 in lower case, most significant first; the first letter holds 3 bits.
 * One spelling only: no aliases (i, l, o), no capitals, no check letter. https://www.crockford.com/base32.html
 */
import { asciiText } from './ascii.ts';

export const ID_BYTES = 16;
export const ID_LETTERS = 26;

const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz';
const BITS = 5;
const MASK = 31;
/** 26 letters have room for 130 bits: the first two are zero. */
const SPARE_BITS = 2;
const MAX_FIRST = 7;
const valueOf = new Int8Array(128).fill(-1);
const codeOf = new Uint8Array(32);
for (let value = 0; value < LETTERS.length; value += 1) {
  codeOf[value] = LETTERS.charCodeAt(value);
  valueOf[LETTERS.charCodeAt(value)] = value;
}

/** A letter's value, or -1 for what is no letter. */
function letter(text: string, index: number): number {
  return valueOf[text.charCodeAt(index)] ?? -1;
}

/** Whether 26 letters from `from` on are 128 bits. */
export function areLetters(text: string, from: number): boolean {
  // Any -1 keeps its sign through the ors, so one look at the end is enough.
  let sign = MAX_FIRST - letter(text, from);
  for (let index = from; index < from + ID_LETTERS; index += 1) sign |= letter(text, index);
  return sign >= 0;
}

/** The 16 bytes of 26 letters that `areLetters` has found good. */
export function parseLetters(text: string, from: number): Uint8Array {
  const bytes = new Uint8Array(ID_BYTES);
  let bits = 0;
  let held = -SPARE_BITS;
  let at = 0;
  for (let index = from; index < from + ID_LETTERS; index += 1) {
    bits = (bits << BITS) | letter(text, index);
    held += BITS;
    if (held < 8) continue;
    held -= 8;
    bytes[at] = bits >> held;
    at += 1;
  }
  return bytes;
}

const scratch = new Uint8Array(ID_LETTERS);

/** 16 bytes from `from` on as 26 letters. */
export function formatLetters(bytes: Uint8Array, from: number): string {
  let bits = 0;
  let held = SPARE_BITS;
  let at = 0;
  for (let index = from; index < from + ID_BYTES; index += 1) {
    bits = (bits << 8) | (bytes[index] ?? 0);
    held += 8;
    for (; held >= BITS; at += 1) {
      held -= BITS;
      scratch[at] = codeOf[(bits >> held) & MASK] ?? 0;
    }
  }
  return asciiText(scratch, 0, ID_LETTERS);
}
