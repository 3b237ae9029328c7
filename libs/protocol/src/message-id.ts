import { ID_BYTES } from './base32.ts';
import { formatId, idBytes, type MessageId, type SessionId } from './ids.ts';

/** The literal that stands for a session's visitor in identities, so that merging two visitors changes none. */
export const VISITOR_SENDER = 'visitor';

/**
 * A message's identity: UUIDv8 of the session's start time and the first 74 bits of SHA-256 over
 * `session_id\nsender\nclient_msg_id`. The same sending has the same identity everywhere, without a look-up.
 * Vectors for other implementations: `libs/protocol/golden/message-ids.json`.
 * @param sender an agent's id, a bot's or API's name, or VISITOR_SENDER for the session's visitor
 * @param client_msg_id a UUID in lower case
 * @param sha256 of the text's UTF-8; in Node `(text) => hash('sha256', text, 'buffer')` of node:crypto
 */
export function deriveMessageId(
  session_id: SessionId,
  sender: string,
  client_msg_id: string,
  sha256: (text: string) => Uint8Array,
): MessageId {
  const digest = sha256(`${session_id}\n${sender}\n${client_msg_id}`);
  const byte = (index: number) => digest[index] ?? 0;
  const bytes = new Uint8Array(ID_BYTES);
  bytes.set(idBytes(session_id).subarray(0, 6));
  // 12 bits of the digest behind the version, the next 62 behind the variant: from bit 18 on each byte is 6 + 2 bits.
  bytes[6] = 0x80 | (byte(0) >> 4);
  bytes[7] = (byte(0) << 4) | (byte(1) >> 4);
  bytes[8] = 0x80 | ((byte(1) & 0x0f) << 2) | (byte(2) >> 6);
  for (let index = 9; index < ID_BYTES; index += 1) bytes[index] = (byte(index - 7) << 2) | (byte(index - 6) >> 6);
  return formatId('msg', bytes);
}
