import { z } from 'zod';
import { agentId, sessionId, teamId, visitorId } from './ids.ts';

/** The value of a record on `chat.signals.v1`: may be lost. Key: session_id, else the agent's id. Unknown fields are dropped. */
export const signal = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('typing'),
    session_id: sessionId,
    who: z.union([visitorId, agentId]),
    typing: z.boolean(),
    /** The visitor's words so far; shown to agents only. */
    preview: z.string().max(1_000).optional(),
  }),
  z.object({
    type: z.literal('read'),
    session_id: sessionId,
    reader: z.union([visitorId, agentId]),
    seq_id: z.number().int().nonnegative(),
  }),
  z.object({
    type: z.literal('presence'),
    agent_id: agentId,
    status: z.enum(['online', 'busy', 'away', 'idle', 'offline']),
    team_ids: z.array(teamId),
  }),
]);
export type Signal = z.output<typeof signal>;
