/**
 * `send_time`, nanoseconds since 1970: a decimal string outside, an unsigned 64-bit number in the frame.
 * Without BigInt, which costs several times as much: seconds and nanoseconds each fit a number.
 */
const NANOS = 1_000_000_000;
const NANO_DIGITS = 9;
const WORD = 2 ** 32;
/** The longest decimal of 64 bits. */
export const TIME_DIGITS = 20;

const DIGIT_ZERO = 48;
/** The three digits of 0–999 as bytes. */
const triples = new Uint8Array(3_000);
for (let value = 0; value < 1_000; value += 1) {
  triples[value * 3] = DIGIT_ZERO + Math.floor(value / 100);
  triples[value * 3 + 1] = DIGIT_ZERO + (Math.floor(value / 10) % 10);
  triples[value * 3 + 2] = DIGIT_ZERO + (value % 10);
}

/** Writes the decimal as 8 bytes, big-endian. False for anything but the shortest decimal of an unsigned 64-bit number. */
export function parseTime(text: string, target: Uint8Array, at: number): boolean {
  const { length } = text;
  if (length === 0 || length > TIME_DIGITS || (length > 1 && text.charCodeAt(0) === DIGIT_ZERO)) return false;
  const split = Math.max(0, length - NANO_DIGITS);
  const seconds = parseDigits(text, 0, split);
  const nanos = parseDigits(text, split, length);
  if (seconds < 0 || nanos < 0) return false;
  // The product exceeds 53 bits: its low word is exact modulo 2³², and the high one is where the rounded rest must lie.
  const low = (Math.imul(seconds, NANOS) + nanos) >>> 0;
  const high = Math.round((seconds * NANOS + nanos - low) / WORD);
  if (high >= WORD) return false;
  writeWord(high, target, at);
  writeWord(low, target, at + 4);
  return true;
}

/** Writes 8 bytes as a decimal into `target`, which has TIME_DIGITS of room, and returns where it ends. */
export function writeTimeDigits(bytes: Uint8Array, from: number, target: Uint8Array, at: number): number {
  const high = readWord(bytes, from);
  const low = readWord(bytes, from + 4);
  // Beyond 53 bits the quotient may be one off; what it leaves, exact modulo 2³², shows it.
  let seconds = Math.floor((high * WORD + low) / NANOS);
  let nanos = (low - Math.imul(seconds, NANOS)) | 0;
  if (nanos < 0) {
    seconds -= 1;
    nanos += NANOS;
  } else if (nanos >= NANOS) {
    seconds += 1;
    nanos -= NANOS;
  }
  if (seconds === 0) return writeNumber(nanos, target, at);
  const end = writeNumber(seconds, target, at);
  writeNine(nanos, target, end);
  return end + NANO_DIGITS;
}

export function writeWord(value: number, target: Uint8Array, at: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}

export function readWord(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
  );
}

function parseDigits(text: string, from: number, end: number): number {
  let value = 0;
  for (let index = from; index < end; index += 1) {
    const digit = text.charCodeAt(index) - DIGIT_ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** A number below 2 × 10¹⁰ in its shortest decimal. */
function writeNumber(value: number, target: Uint8Array, at: number): number {
  const billions = Math.floor(value / NANOS);
  if (billions > 0) {
    // A time has at most 18 446 744 073 seconds: one or two digits before nine.
    const start = billions > 9 ? at + 1 : at;
    if (billions > 9) target[at] = DIGIT_ZERO + 1;
    target[start] = DIGIT_ZERO + (billions % 10);
    writeNine(value - billions * NANOS, target, start + 1);
    return start + 1 + NANO_DIGITS;
  }
  const text = String(value);
  for (let index = 0; index < text.length; index += 1) target[at + index] = text.charCodeAt(index);
  return at + text.length;
}

/** Nine digits with leading zeros. `| 0` keeps the divisions in 32 bits. */
function writeNine(value: number, target: Uint8Array, at: number): void {
  const millions = (value / 1_000_000) | 0;
  const rest = value - millions * 1_000_000;
  const thousands = (rest / 1_000) | 0;
  writeTriple(millions, target, at);
  writeTriple(thousands, target, at + 3);
  writeTriple(rest - thousands * 1_000, target, at + 6);
}

function writeTriple(value: number, target: Uint8Array, at: number): void {
  const from = value * 3;
  target[at] = triples[from] ?? 0;
  target[at + 1] = triples[from + 1] ?? 0;
  target[at + 2] = triples[from + 2] ?? 0;
}
