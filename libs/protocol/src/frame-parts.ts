import { ID_BYTES } from './base32.ts';
import { FLAG, PARTY } from './frame-layout.ts';
import { formatId, type MessageId } from './ids.ts';
import { isTooDeep } from './json-depth.ts';
import { readUtf8 } from './platform.ts';
import { readWord } from './send-time.ts';

const MAX_HIGH_WORD = 2 ** 21;
const WORD = 2 ** 32;

/** The optional parts of a frame, and where its content begins. */
export interface Parts {
  target: string | undefined;
  reply_to: MessageId | null;
  choice_id: string | undefined;
  content_at: number;
}

/** Reads what stands by flag before the content; undefined when it is cut off or not UTF-8. */
export function readParts(bytes: Uint8Array, flags: number, from: number): Parts | undefined {
  const parts: Parts = { target: undefined, reply_to: null, choice_id: undefined, content_at: from };
  if ((flags & FLAG.target) !== 0) {
    const start = parts.content_at;
    parts.content_at = partyEnd(bytes, start);
    if (parts.content_at < 0) return undefined;
    parts.target = readParty(bytes, start);
    if (parts.target === undefined) return undefined;
  }
  if ((flags & FLAG.reply) !== 0) {
    if (parts.content_at + ID_BYTES > bytes.length) return undefined;
    parts.reply_to = formatId('msg', bytes, parts.content_at);
    parts.content_at += ID_BYTES;
  }
  if ((flags & FLAG.choice) !== 0) {
    const start = parts.content_at + 1;
    parts.content_at = start + (bytes[start - 1] ?? bytes.length);
    if (parts.content_at > bytes.length) return undefined;
    parts.choice_id = readUtf8(bytes, start, parts.content_at);
    if (parts.choice_id === undefined) return undefined;
  }
  return parts;
}

/** Where the party that begins at `at` ends, or -1 when it is cut off or of an unknown kind. */
export function partyEnd(bytes: Uint8Array, at: number): number {
  const kind = bytes[at];
  if (kind === PARTY.name) {
    const end = at + 2 + (bytes[at + 1] ?? bytes.length);
    return end > bytes.length ? -1 : end;
  }
  const end = at + 1 + ID_BYTES;
  return (kind !== PARTY.visitor && kind !== PARTY.agent) || end > bytes.length ? -1 : end;
}

/** A party that `partyEnd` has found whole; undefined when its name is not UTF-8. */
export function readParty(bytes: Uint8Array, at: number): string | undefined {
  if (bytes[at] === PARTY.name) return readUtf8(bytes, at + 2, at + 2 + (bytes[at + 1] ?? 0));
  return formatId(bytes[at] === PARTY.agent ? 'agt' : 'vis', bytes, at + 1);
}

/** The content, to the end of the frame; undefined when it is not UTF-8 or, by flag, not a JSON object of sane depth. */
export function readContent(
  bytes: Uint8Array,
  from: number,
  flags: number,
): string | Record<string, unknown> | undefined {
  const text = readUtf8(bytes, from, bytes.length);
  if (text === undefined || (flags & FLAG.json) === 0) return text;
  if (isTooDeep(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** An unsigned number of 8 bytes, or -1 when JavaScript can't hold it exactly. */
export function readNumber(bytes: Uint8Array, at: number): number {
  const high = readWord(bytes, at);
  return high < MAX_HIGH_WORD ? high * WORD + readWord(bytes, at + 4) : -1;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
