/** UUIDs (RFC 9562) in their lower-case form of 36 characters, which is the only one that counts here. */
export const UUID_LENGTH = 36;

const DASH = 45;
const DIGITS = '0123456789abcdef';
const valueOf = new Int8Array(128).fill(-1);
for (let value = 0; value < 16; value += 1) valueOf[DIGITS.charCodeAt(value)] = value;
/** Two characters at once: the digits of a byte; a dash and a digit; a digit and a dash. */
const digits = pairTable(256, (value) => `${DIGITS[value >> 4]}${DIGITS[value & 15]}`);
const dashDigit = pairTable(16, (value) => `-${DIGITS[value]}`);
const digitDash = pairTable(16, (value) => `${DIGITS[value]}-`);

/** Writes a UUID as 16 bytes. False, with the target spoilt, when the text is none. */
export function parseUuid(text: string, target: Uint8Array, at: number): boolean {
  if (text.length !== UUID_LENGTH || text.charCodeAt(8) !== DASH || text.charCodeAt(13) !== DASH) return false;
  if (text.charCodeAt(18) !== DASH || text.charCodeAt(23) !== DASH) return false;
  // Written out, because this takes half the time of a loop over places.
  const sign =
    (target[at] = hexByte(text, 0)) |
    (target[at + 1] = hexByte(text, 2)) |
    (target[at + 2] = hexByte(text, 4)) |
    (target[at + 3] = hexByte(text, 6)) |
    (target[at + 4] = hexByte(text, 9)) |
    (target[at + 5] = hexByte(text, 11)) |
    (target[at + 6] = hexByte(text, 14)) |
    (target[at + 7] = hexByte(text, 16)) |
    (target[at + 8] = hexByte(text, 19)) |
    (target[at + 9] = hexByte(text, 21)) |
    (target[at + 10] = hexByte(text, 24)) |
    (target[at + 11] = hexByte(text, 26)) |
    (target[at + 12] = hexByte(text, 28)) |
    (target[at + 13] = hexByte(text, 30)) |
    (target[at + 14] = hexByte(text, 32)) |
    (target[at + 15] = hexByte(text, 34));
  return sign >= 0;
}

/** Writes 16 bytes as the 36 characters of a UUID into `target`, `pair` being half the byte offset. */
export function writeUuid(bytes: Uint8Array, from: number, target: Uint16Array, pair: number): void {
  const [fourth, fifth] = [bytes[from + 4] ?? 0, bytes[from + 5] ?? 0];
  const [eighth, ninth] = [bytes[from + 8] ?? 0, bytes[from + 9] ?? 0];
  target[pair] = digits[bytes[from] ?? 0] ?? 0;
  target[pair + 1] = digits[bytes[from + 1] ?? 0] ?? 0;
  target[pair + 2] = digits[bytes[from + 2] ?? 0] ?? 0;
  target[pair + 3] = digits[bytes[from + 3] ?? 0] ?? 0;
  // Behind a dash the digits stand at odd places: each pair takes one digit of two bytes.
  target[pair + 4] = dashDigit[fourth >> 4] ?? 0;
  target[pair + 5] = digits[((fourth & 15) << 4) | (fifth >> 4)] ?? 0;
  target[pair + 6] = digitDash[fifth & 15] ?? 0;
  target[pair + 7] = digits[bytes[from + 6] ?? 0] ?? 0;
  target[pair + 8] = digits[bytes[from + 7] ?? 0] ?? 0;
  target[pair + 9] = dashDigit[eighth >> 4] ?? 0;
  target[pair + 10] = digits[((eighth & 15) << 4) | (ninth >> 4)] ?? 0;
  target[pair + 11] = digitDash[ninth & 15] ?? 0;
  for (let index = 10; index < 16; index += 1) target[pair + index + 2] = digits[bytes[from + index] ?? 0] ?? 0;
}

/** Two digits as a byte; negative when one is none, since -1 stays negative through shifts and ors. */
function hexByte(text: string, index: number): number {
  return ((valueOf[text.charCodeAt(index)] ?? -1) << 4) | (valueOf[text.charCodeAt(index + 1)] ?? -1);
}

/** Filled as bytes and read as 16-bit numbers, so that both characters are in order on any machine. */
function pairTable(size: number, textOf: (value: number) => string): Uint16Array {
  const table = new Uint16Array(size);
  const bytes = new Uint8Array(table.buffer);
  for (let value = 0; value < size; value += 1) {
    bytes[value * 2] = textOf(value).charCodeAt(0);
    bytes[value * 2 + 1] = textOf(value).charCodeAt(1);
  }
  return table;
}
