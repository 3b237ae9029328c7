/**
 * Ids: a prefix that names the kind, `_`, and 128 bits in 26 lower-case Crockford base-32 letters (the first is at most 7).
 * The bits are a UUIDv7 (messages: a UUIDv8 derived from the sending), so ids of one kind sort by time.
 */
import { areLetters, formatLetters, ID_BYTES, ID_LETTERS, parseLetters } from './base32.ts';

declare const kind: unique symbol;
type Id<Prefix extends string> = `${Prefix}_${string}` & { readonly [kind]: Prefix };

export type SessionId = Id<'ses'>;
export type MessageId = Id<'msg'>;
export type VisitorId = Id<'vis'>;
export type AgentId = Id<'agt'>;
export type TeamId = Id<'team'>;
export type ChannelId = Id<'chn'>;
export type EventId = Id<'evt'>;
export type KeyId = Id<'key'>;
export type BusinessHoursId = Id<'hrs'>;
export type NoteId = Id<'note'>;

/** Every kind of id by its prefix. */
export interface IdByPrefix {
  ses: SessionId;
  msg: MessageId;
  vis: VisitorId;
  agt: AgentId;
  team: TeamId;
  chn: ChannelId;
  evt: EventId;
  key: KeyId;
  hrs: BusinessHoursId;
  note: NoteId;
}
export type IdPrefix = keyof IdByPrefix;

/** Whether the text is an id of the kind; only the one spelling that `formatId` writes counts. */
export function isId<Prefix extends IdPrefix>(prefix: Prefix, text: string): text is IdByPrefix[Prefix] {
  const start = prefix.length + 1;
  if (text.length !== start + ID_LETTERS || text.charCodeAt(start - 1) !== 95 || !text.startsWith(prefix)) return false;
  return areLetters(text, start);
}

/** 16 bytes as an id of the kind. */
export function formatId<Prefix extends IdPrefix>(prefix: Prefix, bytes: Uint8Array, offset = 0): IdByPrefix[Prefix] {
  return `${prefix}_${formatLetters(bytes, offset)}` as IdByPrefix[Prefix];
}

/** The 16 bytes of an id of any kind. Throws a RangeError when the text does not end in an id's letters. */
export function idBytes(id: string): Uint8Array {
  const from = id.length - ID_LETTERS;
  if (!areLetters(id, from)) throw new RangeError('not an id');
  return parseLetters(id, from);
}

/** A new id: UUIDv7 (RFC 9562) of the time (milliseconds since 1970) and at least 10 random bytes. */
export function makeId<Prefix extends IdPrefix>(
  prefix: Prefix,
  time_ms: number,
  random: Uint8Array,
): IdByPrefix[Prefix] {
  if (random.length < 10) throw new RangeError('an id needs 10 random bytes');
  const bytes = new Uint8Array(ID_BYTES);
  bytes.set(random.subarray(0, 10), 6);
  writeTime(bytes, time_ms);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return formatId(prefix, bytes);
}

/** The time in an id, in milliseconds since 1970; a session's is when it was opened. */
export function timeOf(id: string): number {
  const bytes = idBytes(id);
  let time_ms = 0;
  for (let index = 0; index < 6; index += 1) time_ms = time_ms * 256 + (bytes[index] ?? 0);
  return time_ms;
}

function writeTime(bytes: Uint8Array, time_ms: number): void {
  let rest = time_ms;
  for (let index = 5; index >= 0; index -= 1) {
    bytes[index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}
