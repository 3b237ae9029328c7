import { z } from 'zod';
import { agentId, channelId, sessionId, teamId, visitorId } from './ids.ts';

export const sessionStates = ['bot', 'waiting', 'serving', 'transferring', 'closed'] as const;
export type SessionState = (typeof sessionStates)[number];

const time = z.iso.datetime();

/**
 * A session as agents, supervisors, admins, topics and webhooks see it. `unread_count` is the caller's and only in REST answers.
 * Unknown fields are dropped: an older reader can't tell whether a visitor may see them.
 */
export const session = z.object({
  session_id: sessionId,
  state: z.enum(sessionStates),
  version: z.number().int().positive(),
  origin: z.enum(['visitor', 'agent', 'api']),
  channel_id: channelId,
  team_id: teamId,
  visitor: z.object({ visitor_id: visitorId, name: z.string().nullable() }),
  agent: z.object({ agent_id: agentId, name: z.string() }).nullable(),
  priority: z.number().int().min(0).max(9).optional(),
  skills: z.array(z.string()).optional(),
  language: z.string().nullable(),
  tags: z.array(z.string()).optional(),
  category: z.string().nullable().optional(),
  position: z.number().int().positive().optional(),
  eta_seconds: z.number().int().nonnegative().nullable().optional(),
  last_seq_id: z.number().int().nonnegative(),
  unread_count: z.number().int().nonnegative().optional(),
  opened_at: time,
  enqueued_at: time.nullable(),
  assigned_at: time.nullable(),
  closed_at: time.nullable(),
  close_reason: z.string().nullable(),
  rating: z.number().int().min(1).max(5).nullable(),
  previous_session_id: sessionId.nullable(),
  /** While it is on offer to another agent. */
  transfer: z
    .object({
      from: agentId,
      to_agent: agentId.optional(),
      to_team: teamId.optional(),
      reason: z.string().nullable().optional(),
      expires_at: time,
    })
    .optional(),
});
export type Session = z.output<typeof session>;

/** What a visitor may see of the own session: no tags, priority or skills, nor that it is on offer. */
export function sessionForVisitor(full: Session): Session {
  const { priority: _priority, skills: _skills, tags: _tags, category: _category, transfer: _transfer, ...rest } = full;
  return rest;
}

/** Where a session's words go; kept by gateway (may this caller write?) and by router (signals). Unknown fields are dropped. */
export const sessionRoute = z.object({
  session_id: sessionId,
  state: z.enum(sessionStates),
  version: z.number().int().positive(),
  channel_id: channelId,
  team_id: teamId,
  visitor_id: visitorId,
  agent_id: agentId.nullable(),
});
export type SessionRoute = z.output<typeof sessionRoute>;

export function routeOf(full: Session): SessionRoute {
  const { session_id, state, version, channel_id, team_id, visitor, agent } = full;
  return {
    session_id,
    state,
    version,
    channel_id,
    team_id,
    visitor_id: visitor.visitor_id,
    agent_id: agent?.agent_id ?? null,
  };
}

/** The head of a session: what a client compares with what it holds. */
const head = z.object({ seq_id: z.number().int().nonnegative(), version: z.number().int().positive() });
export type Head = z.output<typeof head>;
/** By session. */
export const heads = z.record(z.string(), head);
export type Heads = z.output<typeof heads>;

/** One row of `GET /queue`, in the order of the team's queue. */
export interface QueueItem {
  session_id: SessionRoute['session_id'];
  team_id: SessionRoute['team_id'];
  position: number;
  priority: number;
  enqueued_at: string;
  waited_seconds: number;
  eta_seconds: number | null;
  visitor: Session['visitor'];
}
