import { hash, randomBytes } from 'node:crypto';
import {
  deriveMessageId,
  type IdByPrefix,
  type IdPrefix,
  makeId,
  type MessageId,
  type SessionId,
  toSendTime,
} from '#libs/protocol';

/** A new id of this process's clock; a session's takes the database's instead. */
export function newId<Prefix extends IdPrefix>(prefix: Prefix, time_ms = Date.now()): IdByPrefix[Prefix] {
  return makeId(prefix, time_ms, randomBytes(10));
}

/** The identity of a sending; see `deriveMessageId` of libs/protocol. */
export function messageIdOf(session_id: SessionId, sender: string, client_msg_id: string): MessageId {
  return deriveMessageId(session_id, sender, client_msg_id, (text) => hash('sha256', text, 'buffer'));
}

/** The `send_time` of what is sent now; of this process's clock, which never goes back. */
export function sendTimeNow(): string {
  return toSendTime(performance.timeOrigin + performance.now());
}
