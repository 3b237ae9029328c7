import { hash, randomBytes } from 'node:crypto';
import {
  deriveMessageId,
  type IdByPrefix,
  type IdPrefix,
  makeId,
  type MessageId,
  type SessionId,
} from '#libs/protocol';

/** A new id of this process's clock; a session's takes the database's instead. */
export function newId<Prefix extends IdPrefix>(prefix: Prefix, time_ms = Date.now()): IdByPrefix[Prefix] {
  return makeId(prefix, time_ms, randomBytes(10));
}

/** The identity of a sending; see `deriveMessageId` of libs/protocol. */
export function messageIdOf(session_id: SessionId, sender: string, client_msg_id: string): MessageId {
  return deriveMessageId(session_id, sender, client_msg_id, (text) => hash('sha256', text, 'buffer'));
}

/** Nanoseconds since 1970 as a decimal string; of this process's clock, for `send_time`. */
export function sendTimeNow(): string {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1_000)).toString() + '000';
}
