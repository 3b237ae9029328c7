import { localeOf, type SessionEventType } from '#libs/contracts';
import type { Command } from '#libs/domain';
import { holderOf, type SessionReadRow } from './sessions.store.ts';
import { systemText, type SystemTextKind } from './system-texts.ts';
import type { Transition } from './transitions.ts';

/** The entry that a visible transition leaves in the log, for whoever reads the session. */
export type LogEntry =
  | { readonly type: 'system'; readonly content: string }
  | { readonly type: 'transfer'; readonly content: { from: string; to: string } };

export interface Told {
  readonly type: SessionEventType;
  readonly reason: string | null;
  readonly entry: LogEntry | undefined;
}

const eventOf: Record<Command, SessionEventType> = {
  request_human: 'session.queued',
  assign: 'session.assigned',
  transfer_to_agent: 'session.transfer_offered',
  transfer_to_team: 'session.transferred',
  transfer_accept: 'session.transferred',
  transfer_reject: 'session.transfer_failed',
  transfer_expire: 'session.transfer_failed',
  transfer_target_lost: 'session.transfer_failed',
  transfer_cancel: 'session.transfer_failed',
  agent_lost: 'session.returned',
  reply_late: 'session.returned',
  take_over: 'session.assigned',
  reassign: 'session.assigned',
  return_to_queue: 'session.returned',
  close: 'session.closed',
  rate: 'session.rated',
};

/** The engine's own reasons; people's go before them. */
const reasonOf: Partial<Record<Command, string>> = {
  transfer_reject: 'rejected',
  transfer_expire: 'expired',
  transfer_target_lost: 'target_lost',
  transfer_cancel: 'cancelled',
  agent_lost: 'agent_lost',
  reply_late: 'first_reply_late',
  take_over: 'take_over',
  reassign: 'reassigned',
};

/** What a transition is told as: the event, why, and the log entry. */
export function toldOf({ command, reason }: Transition, before: SessionReadRow, after: SessionReadRow): Told {
  const isHandOver = isHandedOver(before, after);
  const type =
    after.state === 'transferring' && command !== 'transfer_to_agent' && command !== 'rate'
      ? 'session.updated'
      : eventOf[command];
  return {
    type: isHandOver && type === 'session.assigned' ? 'session.transferred' : type,
    reason: reason ?? reasonOf[command] ?? null,
    entry: isHandOver || command === 'transfer_to_team' ? handOver(before, after) : words(command, before, after),
  };
}

/** From one agent to another: everything before the entry is history to the new one, nothing behind it goes to the old one. */
function isHandedOver(before: SessionReadRow, after: SessionReadRow): boolean {
  const [from, to] = [holderOf(before), holderOf(after)];
  return from !== null && to !== null && from !== to;
}

/** Without the reason: that is said among agents, and visitors read the log. */
function handOver(before: SessionReadRow, after: SessionReadRow): LogEntry {
  const from = holderOf(before) ?? before.team_id;
  const to = holderOf(after) ?? after.team_id;
  return { type: 'transfer', content: { from, to } };
}

/** In the visitor's language; nothing for what the visitor need not know, such as an offer. */
function words(command: Command, before: SessionReadRow, after: SessionReadRow): LogEntry | undefined {
  if (before.state === after.state) return undefined;
  return systemEntry(kindOf(command, before, after), after);
}

/** A line of the system's own, in the visitor's language. */
export function systemEntry(kind: SystemTextKind | undefined, row: SessionReadRow): LogEntry | undefined {
  const content = systemText(kind, localeOf(row.visitor_locale ?? undefined), row.agent_name ?? undefined);
  return content === undefined ? undefined : { type: 'system', content };
}

/** Who comes when nobody is there is told so; an agent who begins the session is announced. */
export function openingEntry(row: SessionReadRow): LogEntry | undefined {
  return systemEntry(row.is_offline ? 'offline' : row.state === 'serving' ? 'assigned' : undefined, row);
}

function kindOf(command: Command, before: SessionReadRow, after: SessionReadRow) {
  if (after.state === 'closed') return 'closed';
  if (after.state === 'waiting') {
    if (after.is_offline) return 'offline';
    return command === 'request_human' ? 'queued' : 'returned';
  }
  return after.state === 'serving' && holderOf(before) === null ? 'assigned' : undefined;
}
