import { z } from 'zod';
import type {
  AgentId,
  BusinessHoursId,
  ChannelId,
  EventId,
  KeyId,
  MessageId,
  NoteId,
  SessionId,
  TeamId,
  VisitorId,
} from '#libs/protocol';

/** A prefixed id: 26 lower-case Crockford base-32 letters behind the prefix, at most 128 bits. */
function id<Id extends string>(prefix: string): z.ZodType<Id, Id> {
  const pattern = new RegExp(`^${prefix}_[0-7][0-9a-hjkmnp-tv-z]{25}$`);
  return z.string().regex(pattern, `must be a ${prefix}_ id`) as unknown as z.ZodType<Id, Id>;
}

export const sessionId = id<SessionId>('ses');
export const messageId = id<MessageId>('msg');
export const visitorId = id<VisitorId>('vis');
export const agentId = id<AgentId>('agt');
export const teamId = id<TeamId>('team');
export const channelId = id<ChannelId>('chn');
export const eventId = id<EventId>('evt');
export const keyId = id<KeyId>('key');
export const noteId = id<NoteId>('note');
export const businessHoursId = id<BusinessHoursId>('hrs');
/** The sender's own UUID of a sending, lower-cased: it is part of the message's identity. */
export const clientMsgId = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i, 'must be a UUID')
  .toLowerCase();
