import type { AgentId, KeyId, VisitorId } from '#libs/protocol';
import type { SendableType, SessionRoute, TokenBearer } from '#libs/contracts';

/** Who has screens and marks of their own, as the token says. */
export type Person = TokenBearer;

/** Who calls: a person, or a program by its API key. */
export type Caller =
  Person | { kind: 'key'; key_id: KeyId; scopes: readonly string[]; sender_names: readonly string[] };

/** The id of whoever calls. */
export function idOf(caller: Person): VisitorId | AgentId;
export function idOf(caller: Caller): VisitorId | AgentId | KeyId;
export function idOf(caller: Caller): VisitorId | AgentId | KeyId {
  switch (caller.kind) {
    case 'visitor':
      return caller.visitor_id;
    case 'agent':
      return caller.agent_id;
    case 'key':
      return caller.key_id;
  }
}

type Place = Pick<SessionRoute, 'visitor_id' | 'agent_id' | 'team_id' | 'state'>;

/** Whether a key may do what the scope names; `admin` may do all. */
export function hasScope(caller: Caller, scope: string): boolean {
  return caller.kind === 'key' && (caller.scopes.includes(scope) || caller.scopes.includes('admin'));
}

/** Whether the caller may know of the session: own ones; agents also what waits in their teams; supervisors their teams. */
export function canReadSession(caller: Caller, session: Place, scope = 'sessions:read'): boolean {
  if (caller.kind === 'key') return hasScope(caller, scope);
  if (caller.kind === 'visitor') return session.visitor_id === caller.visitor_id;
  if (caller.role === 'admin' || session.agent_id === caller.agent_id) return true;
  const isInTeam = caller.team_ids.includes(session.team_id);
  return isInTeam && (caller.role === 'supervisor' || session.state === 'waiting');
}

/**
 * Whether the caller may keep an own read mark here: whoever may read the session. A supervisor's shows on the supervisor's
 * own screens only, so that watching stays silent.
 */
export function canMarkRead(caller: Caller, session: Place): caller is Person {
  return caller.kind !== 'key' && canReadSession(caller, session);
}

/** Whether the caller may write a message here. A visitor may also write to a closed session: that opens its follow-up. */
export function canWriteMessage(caller: Caller, session: Place): boolean {
  if (caller.kind === 'key') return hasScope(caller, 'messages:write');
  if (caller.kind === 'visitor') return session.visitor_id === caller.visitor_id;
  return session.agent_id === caller.agent_id;
}

const senders = {
  text: ['visitor', 'agent', 'key'],
  notification: ['key'],
  card: ['agent', 'key'],
  choices: ['key'],
  recall: ['visitor', 'agent', 'key'],
} as const satisfies Record<SendableType, readonly Caller['kind'][]>;

/** Whether the caller may send a message of this type. A recall is for the sender of what it withdraws: that is asked apart. */
export function canSendType({ kind }: Caller, type: SendableType): boolean {
  const kinds: readonly Caller['kind'][] = senders[type];
  return kinds.includes(kind);
}

/** Whether the caller may close it or ask for a person. */
export function canRunSession(caller: Caller, session: Place): boolean {
  if (caller.kind === 'key') return hasScope(caller, 'sessions:write');
  if (caller.kind === 'visitor') return session.visitor_id === caller.visitor_id;
  if (caller.role === 'admin' || session.agent_id === caller.agent_id) return true;
  return caller.role === 'supervisor' && caller.team_ids.includes(session.team_id);
}
