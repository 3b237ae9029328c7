import { z } from 'zod';
import { agentStatuses } from './events.ts';
import { agentId, noteId, sessionId, visitorId } from './ids.ts';
import { note } from './signals.ts';
import { messageSend } from './message.ts';
import { heads, sessionRoute } from './session.ts';
import { tokenBearer } from './tokens.ts';

/**
 * Questions of gateway and router that session answers over plain HTTP under `/internal`, with the service token as bearer.
 * Every caller sets a deadline; an unanswered question is a retryable error for whoever waits behind it. Unknown fields of
 * a question are refused, those of an answer are dropped.
 */
const reader = z.union([visitorId, agentId]);

/** `POST /internal/heads`: heads of the readers' open and lately closed sessions, and of watched ones. */
export const headsQuestion = z.strictObject({
  readers: z.array(reader).max(1_000),
  watched: z.array(sessionId).max(1_000).default([]),
});
export type HeadsQuestion = z.input<typeof headsQuestion>;
export const headsAnswer = z.object({
  log_epoch: z.number(),
  /** By reader; a reader without sessions has an empty object. */
  heads: z.record(z.string(), heads),
  watched: heads,
});
export type HeadsAnswer = z.output<typeof headsAnswer>;

/**
 * `POST /internal/connected`: agents who have just connected; they can be offered something from then on. Said once for each
 * socket, before its agent is told to be connected. 204.
 */
export const connectedQuestion = z.strictObject({ agent_ids: z.array(agentId).max(1_000) });
export type ConnectedQuestion = z.input<typeof connectedQuestion>;

/** `POST /internal/routes`: unknown sessions are missing from the answer. */
export const routesQuestion = z.strictObject({ session_ids: z.array(sessionId).max(1_000) });
export type RoutesQuestion = z.input<typeof routesQuestion>;
export const routesAnswer = z.object({ routes: z.record(z.string(), sessionRoute) });
export type RoutesAnswer = z.output<typeof routesAnswer>;

/** `POST /internal/notes`: those that are there, by id; router shows them to agents. */
export const notesQuestion = z.strictObject({ note_ids: z.array(noteId).max(1_000) });
export type NotesQuestion = z.input<typeof notesQuestion>;
export const notesAnswer = z.object({ notes: z.record(z.string(), note) });
export type NotesAnswer = z.output<typeof notesAnswer>;

/** `POST /internal/check_message`: may this caller send this? Asked for anything but plain text. 204, or a Problem. */
export const checkMessageQuestion = z.strictObject({ caller: tokenBearer, message: messageSend });
export type CheckMessageQuestion = z.input<typeof checkMessageQuestion>;

/** `POST /internal/read`: moves the caller's own mark forward. 204, or a Problem. */
export const readQuestion = z.strictObject({
  caller: tokenBearer,
  session_id: sessionId,
  seq_id: z.number().int().nonnegative(),
});
export type ReadQuestion = z.input<typeof readQuestion>;

/** `POST /internal/agent_status`: the agent's chosen status. 204, or a Problem. */
export const agentStatusQuestion = z.strictObject({
  agent_id: agentId,
  status: z.enum(agentStatuses),
  reason: z.string().max(200).optional(),
});
export type AgentStatusQuestion = z.input<typeof agentStatusQuestion>;

export const internalPaths = {
  heads: '/internal/heads',
  connected: '/internal/connected',
  routes: '/internal/routes',
  notes: '/internal/notes',
  checkMessage: '/internal/check_message',
  read: '/internal/read',
  agentStatus: '/internal/agent_status',
} as const;
