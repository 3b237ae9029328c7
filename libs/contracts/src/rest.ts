import { z } from 'zod';
import { agentId, channelId, clientMsgId, sessionId, teamId, visitorId } from './ids.ts';
import { agentStatuses } from './events.ts';
import { languageTag, listFields, pageSize, name } from './fields.ts';
import { sendingOf, unicode } from './message.ts';
import { sessionStates } from './session.ts';

export const loginBody = z.strictObject({
  username: z.string().min(1).max(100),
  password: z.string().min(1).max(200),
  // Accounts have no one-time codes yet; one that is given must not pass as if it had been looked at.
  totp: z.never({ error: 'one-time codes are not supported yet' }).optional(),
});
export const updateMeBody = z.strictObject({
  status: z.enum(agentStatuses).optional(),
  name: name.optional(),
  locale: z.enum(['zh-CN', 'en']).optional(),
});
const attributes = z.record(unicode(64), unicode(1_000));
export const bootBody = z.strictObject({
  channel_id: channelId,
  visitor_token: z.string().max(4_000).optional(),
  identity: z
    .union([
      z.strictObject({
        user_id: z.string().min(1).max(128),
        name: name.optional(),
        email: z.email().max(254).optional(),
        phone: z.string().max(40).optional(),
        attributes: attributes.optional(),
        user_hash: z
          .string()
          .regex(/^[0-9a-f]{64}$/)
          .optional(),
      }),
      z.strictObject({ jwt: z.string().max(4_000) }),
    ])
    .optional(),
  locale: languageTag.optional(),
  page: z
    .strictObject({
      url: unicode(2_000).optional(),
      title: unicode(500).optional(),
      referrer: unicode(2_000).optional(),
    })
    .optional(),
});
export type BootBody = z.output<typeof bootBody>;

/** Body of `POST /sessions`. Visitors open their own; a program says for whom, in which channel. */
export const openSessionBody = z.strictObject({
  channel_id: channelId.optional(),
  visitor: z
    .union([z.strictObject({ visitor_id: visitorId }), z.strictObject({ user_id: z.string().min(1).max(128) })])
    .optional(),
  team_id: teamId.optional(),
  pre_chat: attributes.optional(),
  attributes: attributes.optional(),
  /** The visitor leaves a message: nobody is expected to answer at once. */
  offline: z.boolean().optional(),
});
export type OpenSessionBody = z.output<typeof openSessionBody>;
const reason = unicode(500).min(1);
const category = unicode(100).min(1);
export const closeSessionBody = z.strictObject({ reason: reason.optional(), category: category.optional() }).optional();
/** Body of `POST /sessions/{id}/transfer`: to an agent or to a team. */
export const transferBody = z
  .strictObject({ to_agent: agentId.optional(), to_team: teamId.optional(), reason: reason.optional() })
  .refine(({ to_agent, to_team }) => (to_agent === undefined) !== (to_team === undefined), {
    message: 'either to_agent or to_team is required',
  });
export type TransferBody = z.output<typeof transferBody>;
export const reassignBody = z.strictObject({ to_agent: agentId });
export const rateBody = z.strictObject({ score: z.number().int().min(1).max(5), comment: unicode(2_000).optional() });
export const tagsBody = z.strictObject({ tags: z.array(unicode(64).min(1)).max(50) });
export const noteBody = z.strictObject({ content: unicode(10_000).min(1) });
/** Body of `PATCH /sessions/{id}`. */
export const updateSessionBody = z
  .strictObject({
    team_id: teamId,
    priority: z.number().int().min(0).max(9),
    skills: z.array(unicode(64).min(1)).max(100),
    language: languageTag.nullable(),
    category: category.nullable(),
    attributes,
  })
  .partial();
export type UpdateSessionBody = z.output<typeof updateSessionBody>;
export const readBody = z.strictObject({ seq_id: z.number().int().nonnegative() });

const sendCommon = {
  from: z.string().min(1).max(64),
  to: z.string().min(1).max(128),
  client_msg_id: clientMsgId.optional(),
  channel_id: channelId.optional(),
  attributes: attributes.optional(),
};
/** Body of `POST /send`. */
export const sendBody = sendingOf(sendCommon, ['text', 'notification', 'card', 'choices']);
export type SendBody = z.output<typeof sendBody>;

const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
/** Query of `GET /messages`: by page, after, before, or the latest. */
export const messagesQuery = z
  .strictObject({
    session_id: sessionId,
    page: whole(1, 1_000_000).optional(),
    size: pageSize.optional(),
    after_seq: whole(0, Number.MAX_SAFE_INTEGER).optional(),
    before_seq: whole(1, Number.MAX_SAFE_INTEGER).optional(),
    limit: pageSize.optional(),
    wait: whole(0, 25).optional(),
  })
  .refine((query) => [query.page, query.after_seq, query.before_seq].filter((part) => part !== undefined).length <= 1, {
    message: 'page, after_seq and before_seq exclude each other',
  })
  .refine((query) => query.size === undefined || query.page !== undefined, { message: 'size goes with page' })
  .refine((query) => query.limit === undefined || query.page === undefined, { message: 'limit goes without page' })
  .refine((query) => query.wait === undefined || query.after_seq !== undefined, {
    message: 'wait goes with after_seq',
  });
export type MessagesQuery = z.output<typeof messagesQuery>;

export const sessionsQuery = z.strictObject({
  state: z.enum(sessionStates).optional(),
  agent_id: agentId.optional(),
  team_id: teamId.optional(),
  tag: z.string().min(1).max(64).optional(),
  /** A part of the visitor's name, or the visitor's user id, e-mail or phone, or the session's id. */
  q: z.string().trim().min(1).max(200).optional(),
  ...listFields,
});
export type SessionsQuery = z.output<typeof sessionsQuery>;
/**
 * Query of `GET /queue` and `GET /queue/{team_id}`. A queue moves while it is read: a cursor is a place in it, so whoever
 * moves between two pages may be on both or on none.
 */
export const queueQuery = z.strictObject(listFields);
export type QueueQuery = z.output<typeof queueQuery>;
/** Query of `GET /sessions/{id}/notes`, which takes nothing. */
export const notesQuery = z.strictObject({});
export const unreadQuery = z.strictObject({ user_id: z.string().min(1).max(128) });
