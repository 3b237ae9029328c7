import { z } from 'zod';
import { agentId, eventId, sessionId, teamId } from './ids.ts';
import { session, sessionStates } from './session.ts';

export const sessionEventTypes = ['session.opened', 'session.queued', 'session.assigned', 'session.closed'] as const;
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
    previous: z.object({ state: z.enum(sessionStates), agent_id: agentId.nullable(), team_id: teamId }).nullable(),
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
/** The value of every record on `chat.events.v1`. */
export const event = z.discriminatedUnion('type', [sessionEvent, agentStatusEvent]);
export type SessionEvent = z.output<typeof sessionEvent>;
export type SessionEventType = SessionEvent['type'];
export type AgentStatusEvent = z.output<typeof agentStatusEvent>;
export type Event = z.output<typeof event>;

const eventTypes: ReadonlySet<string> = new Set([...sessionEventTypes, agentStatusEvent.shape.type.value]);

/** Whether a value of `chat.events.v1` is of a type that this version does not know: whoever reads skips it. */
export function isOfUnknownType(value: unknown): boolean {
  const type = (value as { type?: unknown } | null)?.type;
  return typeof type === 'string' && !eventTypes.has(type);
}
