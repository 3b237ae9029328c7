import { z } from 'zod';
import { agentId, eventId, sessionId, teamId, visitorId } from './ids.ts';
import { session, sessionStates } from './session.ts';

export const sessionEventTypes = [
  'session.opened',
  'session.queued',
  'session.assigned',
  'session.transfer_offered',
  'session.transferred',
  'session.transfer_failed',
  'session.returned',
  'session.closed',
  'session.rated',
  'session.tagged',
  'session.updated',
] as const;
export const agentStatuses = ['online', 'busy', 'away'] as const;
export type AgentStatus = (typeof agentStatuses)[number];

// These schemas are for readers, and drop the fields that they don't know (strict ones are for what clients send in): during
// a rolling upgrade a newer writer's records reach older readers, and a refusal would put them among the dead letters. For
// the same reason a reader skips a type that it does not know; see isOfUnknownType.
const base = { event_id: eventId, occurred_at: z.iso.datetime() };

/** A transition of a session. Readers apply a higher `version` only. */
export const sessionEvent = z.object({
  ...base,
  type: z.enum(sessionEventTypes),
  session_id: sessionId,
  version: z.number().int().positive(),
  data: z.object({
    session,
    /** What it was before; null when the session was opened by this event. */
    previous: z
      .object({
        state: z.enum(sessionStates),
        agent_id: agentId.nullable(),
        team_id: teamId,
        transfer_to_agent_id: agentId.nullable().optional(),
      })
      .nullable(),
    /** Why: what people gave as a reason, or the engine's own, such as `agent_lost`, `expired`, `visitor_silent`. */
    reason: z.string().nullable().optional(),
    /** The teams all of whose agents may look at it now; others see it on their screens no more. */
    seen_by_team_ids: z.array(teamId).optional(),
  }),
});
export const agentStatusEvent = z.object({
  ...base,
  type: z.literal('agent.status_changed'),
  data: z.object({
    agent_id: agentId,
    status: z.enum(agentStatuses),
    previous_status: z.enum(agentStatuses),
    reason: z.string().nullable(),
    team_ids: z.array(teamId),
  }),
});
/** A reply is late, or the visitor has not seen one: no transition, so the session's version stays. */
export const slaEvent = z.object({
  ...base,
  type: z.literal('sla.breached'),
  session_id: sessionId,
  data: z.object({
    kind: z.enum(['first_reply', 'next_reply']),
    /** Whom it is to be shown to: the agent, or the team's supervisors. */
    level: z.enum(['agent', 'supervisor']),
    agent_id: agentId.nullable(),
    team_id: teamId,
    supervisor_ids: z.array(agentId),
  }),
});
export const unseenEvent = z.object({
  ...base,
  type: z.literal('message.unseen'),
  session_id: sessionId,
  data: z.object({
    visitor: z.object({ visitor_id: visitorId, user_id: z.string().nullable() }),
    /** The first and the last word that the visitor has not seen. */
    from_seq_id: z.number().int().positive(),
    to_seq_id: z.number().int().positive(),
  }),
});
/** The value of every record on `chat.events.v1`. */
export const event = z.discriminatedUnion('type', [sessionEvent, agentStatusEvent, slaEvent, unseenEvent]);
export type SessionEvent = z.output<typeof sessionEvent>;
export type SessionEventType = SessionEvent['type'];
export type AgentStatusEvent = z.output<typeof agentStatusEvent>;
export type SlaEvent = z.output<typeof slaEvent>;
export type UnseenEvent = z.output<typeof unseenEvent>;
export type Event = z.output<typeof event>;

const eventTypes: ReadonlySet<string> = new Set(
  event.options.flatMap(({ shape: { type } }) => ('options' in type ? [...type.options] : [type.value])),
);

/** Whether a value of `chat.events.v1` is of a type that this version does not know: whoever reads skips it. */
export function isOfUnknownType(value: unknown): boolean {
  const type = (value as { type?: unknown } | null)?.type;
  return typeof type === 'string' && !eventTypes.has(type);
}
