/**
 * Ids: a prefix that names the kind, `_`, and 128 bits in 26 lower-case Crockford base-32 letters (the first is at most 7).
 * The bits are a UUIDv7 (messages: a UUIDv8 derived from the sending), so ids of one kind sort by time.
 */
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

export interface IdByPrefix {
  ses: SessionId;
  msg: MessageId;
  vis: VisitorId;
  agt: AgentId;
  team: TeamId;
  chn: ChannelId;
  evt: EventId;
  key: KeyId;
}
export type IdPrefix = keyof IdByPrefix;

const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz';
const ID_LENGTH = 26;
export const ID_BYTES = 16;

const valueOf = new Int8Array(128).fill(-1);
for (let value = 0; value < LETTERS.length; value += 1) valueOf[LETTERS.charCodeAt(value)] = value;

/** Whether the text is an id of the kind; only the one spelling that `formatId` writes counts. */
export function isId<Prefix extends IdPrefix>(prefix: Prefix, text: string): text is IdByPrefix[Prefix] {
  const start = prefix.length + 1;
  if (text.length !== start + ID_LENGTH || !text.startsWith(prefix) || text[prefix.length] !== '_') return false;
  if (letterValue(text, start) > 7) return false;
  for (let index = start; index < text.length; index += 1) if (letterValue(text, index) < 0) return false;
  return true;
}

/** 16 bytes as an id of the kind. */
export function formatId<Prefix extends IdPrefix>(prefix: Prefix, bytes: Uint8Array, offset = 0): IdByPrefix[Prefix] {
  let text = '';
  // 128 bits are 26 × 5 less 2: the first letter holds 3 bits.
  let held = 0;
  let bits = 2;
  for (let index = 0; index < ID_BYTES; index += 1) {
    held = (held << 8) | (bytes[offset + index] ?? 0);
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += LETTERS[(held >>> bits) & 31];
      held &= (1 << bits) - 1;
    }
  }
  return `${prefix}_${text}` as IdByPrefix[Prefix];
}

/** Writes the 16 bytes of an id that `isId` has accepted. */
export function writeIdBytes(id: string, target: Uint8Array, offset = 0): void {
  let held = 0;
  let bits = -2;
  let at = offset;
  for (let index = id.length - ID_LENGTH; index < id.length; index += 1) {
    held = (held << 5) | letterValue(id, index);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      target[at] = (held >>> bits) & 255;
      at += 1;
      held &= (1 << bits) - 1;
    }
  }
}

export function idBytes(id: string): Uint8Array {
  const bytes = new Uint8Array(ID_BYTES);
  writeIdBytes(id, bytes);
  return bytes;
}

/** A new id: UUIDv7 of the time (milliseconds since 1970) and at least 10 random bytes. */
export function makeId<Prefix extends IdPrefix>(
  prefix: Prefix,
  time_ms: number,
  random: Uint8Array,
): IdByPrefix[Prefix] {
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

/** The literal that stands for a session's visitor in identities, so that merging two visitors changes none. */
export const VISITOR_SENDER = 'visitor';

/**
 * A message's identity: UUIDv8 of the session's start time and the first 74 bits of SHA-256 over
 * `session_id\nsender\nclient_msg_id`. The same sending has the same identity everywhere, without a look-up.
 * @param sender an agent's id, a bot's or API's name, or VISITOR_SENDER for the session's visitor
 * @param client_msg_id a UUID in lower case
 */
export function deriveMessageId(
  session_id: SessionId,
  sender: string,
  client_msg_id: string,
  sha256: (text: string) => Uint8Array,
): MessageId {
  const digest = sha256(`${session_id}\n${sender}\n${client_msg_id}`);
  const bytes = new Uint8Array(ID_BYTES);
  const session = idBytes(session_id);
  bytes.set(session.subarray(0, 6));
  // 12 bits behind the version, then 62 behind the variant: 74 bits of the digest in a row.
  const bit = (index: number) => ((digest[index >> 3] ?? 0) >> (7 - (index & 7))) & 1;
  for (let index = 0; index < 74; index += 1) {
    const at = index < 12 ? 52 + index : 66 + (index - 12);
    if (bit(index)) bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (1 << (7 - (at & 7)));
  }
  bytes[6] = 0x80 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return formatId('msg', bytes);
}

function letterValue(text: string, index: number): number {
  return valueOf[text.charCodeAt(index)] ?? -1;
}

function writeTime(bytes: Uint8Array, time_ms: number): void {
  let rest = time_ms;
  for (let index = 5; index >= 0; index -= 1) {
    bytes[index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}
