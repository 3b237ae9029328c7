import { z } from 'zod';
import { agentId, noteId, sessionId, teamId, visitorId } from './ids.ts';

/** A private note of agents: no message, and in no log; `after_seq_id` places it. */
export const note = z.object({
  note_id: noteId,
  author: z.object({ agent_id: agentId, name: z.string() }),
  content: z.string(),
  after_seq_id: z.number().int().nonnegative(),
  created_at: z.iso.datetime(),
});
export type Note = z.output<typeof note>;

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
  z.object({
    type: z.literal('queue'),
    session_id: sessionId,
    visitor_id: visitorId,
    position: z.number().int().positive(),
    eta_seconds: z.number().int().nonnegative().nullable(),
  }),
  z.object({
    type: z.literal('note'),
    session_id: sessionId,
    /** A pointer: what agents write among themselves is in no topic. */
    note_id: noteId,
  }),
]);
export type Signal = z.output<typeof signal>;
