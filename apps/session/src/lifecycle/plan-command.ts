/**
 * What a command does to a session, decided purely: rights first, then the table of states, then what is known of the
 * agents and teams it names. Effects belong to run-command.ts.
 */
import type { ErrorCode, SessionState } from '#libs/contracts';
import {
  type Caller,
  canAcceptSession,
  canReadSession,
  canRunSession,
  canSuperviseSession,
  decide,
  hasScope,
} from '#libs/domain';
import type { AgentId, TeamId } from '#libs/protocol';
import type { SlotRule } from '../queue/slots.ts';
import { type Changes, NOW, nowPlus } from './changes.ts';
import type { SessionReadRow } from './sessions.store.ts';
import type { Transition } from './transitions.ts';

/** A command of people, programs, or of the engine itself (queue and timers). */
export type SessionCommand =
  | { readonly type: 'request_human' }
  | { readonly type: 'accept' }
  | { readonly type: 'transfer_to_agent'; readonly to_agent: AgentId; readonly reason?: string | undefined }
  | { readonly type: 'transfer_to_team'; readonly to_team: TeamId; readonly reason?: string | undefined }
  | { readonly type: 'transfer_accept' }
  | { readonly type: 'transfer_reject' }
  | { readonly type: 'transfer_cancel' }
  | { readonly type: 'take_over' }
  | { readonly type: 'reassign'; readonly to_agent: AgentId }
  | { readonly type: 'return_to_queue' }
  | { readonly type: 'close'; readonly reason?: string | undefined; readonly category?: string | undefined }
  | { readonly type: 'rate'; readonly score: number; readonly comment?: string | undefined }
  | { readonly type: 'assign'; readonly agent_id: AgentId }
  | { readonly type: 'transfer_expire' }
  | { readonly type: 'transfer_target_lost' }
  | { readonly type: 'agent_lost' }
  | { readonly type: 'reply_late' };

export type CommandType = SessionCommand['type'];

/** Who gives it; the engine has every right. */
export type Commander = Caller | { readonly kind: 'engine' };

/** What is known of the agent whom the command names; undefined: there is no such agent, or a disabled one. */
export interface TargetAgent {
  readonly agent_id: AgentId;
  readonly is_present: boolean;
  readonly active: number;
  readonly capacity: number;
}
/** Likewise for the team that is to take the session in. */
export interface TargetTeam {
  readonly team_id: TeamId;
  readonly is_open: boolean;
}
export interface CommandFacts {
  readonly agent?: TargetAgent | undefined;
  /** The team whose queue the session enters: the named one, or its own. */
  readonly team?: TargetTeam | undefined;
}

export type CommandPlan =
  /** Without a transition nothing is to be done: it is so already. */
  | { readonly ok: true; readonly transition: Transition | undefined }
  | { readonly ok: false; readonly code: ErrorCode; readonly more?: { state?: SessionState; detail?: string } };

const UNCHANGED = { ok: true, transition: undefined } as const;
const RATING_DAYS = 7;
const DAY_MS = 86_400_000;

export function planCommand(
  row: SessionReadRow,
  input: SessionCommand,
  by: Commander,
  facts: CommandFacts,
): CommandPlan {
  if (!isAllowed(row, input, by)) return { ok: false, code: 'FORBIDDEN' };
  if (isSoAlready(row, input, by)) return UNCHANGED;
  const command = input.type === 'accept' ? 'assign' : input.type;
  const decision = decide(row.state, command, { isOriginLost: row.is_origin_lost });
  if (!decision.ok) return { ok: false, code: decision.code, more: { state: decision.state } };
  if (decision.next === undefined) return UNCHANGED;
  const refused = refusalOf(row, input, facts);
  if (refused) return { ok: false, code: refused.code, more: refused.detail ? { detail: refused.detail } : {} };
  const { next } = decision;
  const changes = { ...changesOf(row, input, by, facts), ...leaving(row, next), ...entering(row, next, facts) };
  return { ok: true, transition: { command, next, changes, slot: slotOf(input), reason: reasonOf(input) } };
}

function slotOf({ type }: SessionCommand): SlotRule {
  if (type === 'take_over' || type === 'reassign') return 'any';
  return type === 'assign' ? 'online' : 'room';
}

/** Whether who may know of the session may also do this to it. */
export function isAllowed(row: SessionReadRow, { type }: SessionCommand, by: Commander): boolean {
  if (by.kind === 'engine') return true;
  const isOwner = by.kind === 'agent' && row.agent_id === by.agent_id;
  switch (type) {
    case 'request_human':
      return by.kind !== 'agent' && canRunSession(by, row);
    case 'accept':
      return canAcceptSession(by, row);
    case 'transfer_to_agent':
    case 'return_to_queue':
      return isOwner || canSuperviseSession(by, row);
    case 'transfer_to_team':
      return canSuperviseSession(by, row) || hasScope(by, 'sessions:write') || (isOwner && row.state !== 'waiting');
    case 'transfer_accept':
    case 'transfer_reject':
      // Who was offered it may answer; who was not, or is no longer, learns from the state what became of the offer.
      return by.kind === 'agent' && (row.state !== 'transferring' || row.transfer_to_agent_id === by.agent_id);
    case 'transfer_cancel':
      return isOwner || canSuperviseSession(by, row);
    case 'take_over':
      return by.kind === 'agent' && canSuperviseSession(by, row);
    case 'reassign':
      return canSuperviseSession(by, row);
    case 'close':
      return canRunSession(by, row);
    case 'rate':
      return by.kind === 'visitor' && canReadSession(by, row);
    default:
      return false;
  }
}

function isSoAlready(row: SessionReadRow, input: SessionCommand, by: Commander): boolean {
  if (row.state !== 'serving') return false;
  if (input.type === 'accept' || input.type === 'take_over') return by.kind === 'agent' && row.agent_id === by.agent_id;
  return input.type === 'reassign' && row.agent_id === input.to_agent;
}

type Refused = { code: ErrorCode; detail?: string };

function refusalOf(row: SessionReadRow, input: SessionCommand, { agent, team }: CommandFacts): Refused | undefined {
  switch (input.type) {
    case 'transfer_to_agent':
      if (input.to_agent === row.agent_id)
        return { code: 'TRANSFER_NOT_ALLOWED', detail: 'to_agent serves it already' };
      if (!agent) return { code: 'NOT_FOUND', detail: 'to_agent: no such agent' };
      if (!agent.is_present) return { code: 'AGENT_OFFLINE' };
      return agent.active < agent.capacity ? undefined : { code: 'AGENT_FULL' };
    case 'transfer_to_team':
      if (!team) return { code: 'NOT_FOUND', detail: 'to_team: no such team' };
      if (row.state === 'waiting' && team.team_id === row.team_id)
        return { code: 'TRANSFER_NOT_ALLOWED', detail: 'it waits there already' };
      return team.is_open ? undefined : { code: 'TRANSFER_NOT_ALLOWED', detail: 'to_team is closed now' };
    case 'reassign':
      return agent ? undefined : { code: 'NOT_FOUND', detail: 'to_agent: no such agent' };
    case 'rate':
      return refusalOfRating(row);
    default:
      return undefined;
  }
}

function refusalOfRating({ rating, closed_at, read_at }: SessionReadRow): Refused | undefined {
  if (rating !== null) return { code: 'ALREADY_RATED' };
  const age_ms = closed_at ? read_at.getTime() - closed_at.getTime() : 0;
  if (age_ms <= RATING_DAYS * DAY_MS) return undefined;
  return { code: 'STATE_CONFLICT', detail: `a session can be rated for ${RATING_DAYS} days after its end` };
}

/** What the command itself sets. */
function changesOf(row: SessionReadRow, input: SessionCommand, by: Commander, { team }: CommandFacts): Changes {
  switch (input.type) {
    case 'accept':
    case 'take_over':
      return by.kind === 'agent' ? serving(by.agent_id) : {};
    case 'assign':
      return serving(input.agent_id);
    case 'reassign':
      return serving(input.to_agent);
    case 'transfer_accept':
      return row.transfer_to_agent_id ? serving(row.transfer_to_agent_id) : {};
    case 'transfer_to_agent':
      return {
        transfer_to_agent_id: input.to_agent,
        transfer_reason: input.reason ?? null,
        transfer_expires_at: nowPlus(row.team_offer_seconds),
        is_origin_lost: false,
      };
    case 'transfer_to_team':
      // Also where the agent is in that team: who gives it away does not get it back at once.
      return { team_id: team?.team_id ?? row.team_id, ...declinedBy(row.agent_id) };
    case 'transfer_reject':
    case 'transfer_expire':
    case 'transfer_target_lost':
      return declinedBy(row.transfer_to_agent_id);
    case 'return_to_queue':
      return declinedBy(row.agent_id);
    case 'reply_late':
    case 'agent_lost':
      // The offer lives on; only when it fails does its maker's absence count.
      if (row.state === 'transferring') return { is_origin_lost: true };
      return input.type === 'reply_late' ? declinedBy(row.agent_id) : {};
    case 'close':
      return {
        close_reason: input.reason ?? closers[by.kind],
        ...(input.category ? { category: input.category } : {}),
      };
    case 'rate':
      return { rating: input.score, rating_comment: input.comment ?? null };
    default:
      return {};
  }
}

/** What stands for a reason where none is given. */
const closers = { visitor: 'visitor', agent: 'agent', key: 'api', engine: 'engine' } as const;

function serving(agent_id: AgentId): Changes {
  return { agent_id, assigned_at: NOW };
}

/** So that the engine does not give it to that agent again at once. */
function declinedBy(agent_id: AgentId | null): Changes {
  return agent_id ? { declined_by: agent_id, declined_at: NOW } : {};
}

/** What ends with the state that is left. */
function leaving(row: SessionReadRow, next: SessionState): Changes {
  if (row.state !== 'transferring' || next === 'transferring') return {};
  return { transfer_to_agent_id: null, transfer_reason: null, transfer_expires_at: null, is_origin_lost: false };
}

/** What begins with the state that is entered. */
function entering(row: SessionReadRow, next: SessionState, { team }: CommandFacts): Changes {
  if (next === 'closed')
    return row.state === 'closed' ? {} : { closed_at: NOW, open_visitor_id: null, queued_at: null };
  if (next === 'serving') return { queued_at: null, is_offline: false };
  if (next !== 'waiting') return {};
  // The first time in a queue is kept for its place; the stay is a new one.
  return {
    agent_id: null,
    ...(row.enqueued_at ? {} : { enqueued_at: NOW }),
    queued_at: NOW,
    is_offline: !(team?.is_open ?? true),
  };
}

function reasonOf(input: SessionCommand): string | null {
  return 'reason' in input ? (input.reason ?? null) : null;
}
