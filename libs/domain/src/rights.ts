import type { AgentId, KeyId, TeamId, VisitorId } from '#libs/protocol';
import type { SendableType, SessionRoute, TeamVisibility, TokenBearer } from '#libs/contracts';

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

type Agent = Extract<Caller, { kind: 'agent' }>;
type Place = Pick<SessionRoute, 'visitor_id' | 'agent_id' | 'team_id' | 'state'>;
/** A place with who of the agents may look at it, and to whom it is on offer. */
export interface SeenPlace extends Place {
  /** What the session's team shows to its own agents. */
  readonly team_visibility: TeamVisibility;
  /** The teams whose agents see everything, whatever team it is in. */
  readonly all_seeing_team_ids: readonly TeamId[];
  readonly transfer_to_agent_id: AgentId | null;
}

/** Whether a key may do what the scope names; `admin` may do all. */
export function hasScope(caller: Caller, scope: string): boolean {
  return caller.kind === 'key' && (caller.scopes.includes(scope) || caller.scopes.includes('admin'));
}

/**
 * Whether the caller may know of the session. Agents: their own, what is on offer to them, what waits in their teams, and
 * what their teams show them. Supervisors: their teams. Admins: everything.
 */
export function canReadSession(caller: Caller, session: SeenPlace, scope = 'sessions:read'): boolean {
  if (caller.kind === 'key') return hasScope(caller, scope);
  if (caller.kind === 'visitor') return session.visitor_id === caller.visitor_id;
  if (caller.role === 'admin' || isTheirs(caller, session)) return true;
  const isIn = (team_ids: readonly TeamId[]) => team_ids.some((team_id) => caller.team_ids.includes(team_id));
  return isIn(teamsThatSee(session)) || (caller.role === 'supervisor' && isIn([session.team_id]));
}

/** The teams all of whose agents may look at the session as it is now. */
export function teamsThatSee(session: Omit<SeenPlace, 'transfer_to_agent_id'>): readonly TeamId[] {
  const isShown = session.state === 'waiting' || session.team_visibility !== 'own';
  const own = isShown && !session.all_seeing_team_ids.includes(session.team_id) ? [session.team_id] : [];
  return [...own, ...session.all_seeing_team_ids];
}

/**
 * Whether the caller may keep an own read mark here: whoever may read the session. A supervisor's shows on the supervisor's
 * own screens only, so that watching stays silent.
 */
export function canMarkRead(caller: Caller, session: SeenPlace): caller is Person {
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
  return session.agent_id === caller.agent_id || canSuperviseSession(caller, session);
}

/** Whether the caller may give it to others, take it over, or reorder its queue: supervisors in their teams, and admins. */
export function canSuperviseSession(caller: Caller, session: Pick<Place, 'team_id'>): boolean {
  if (caller.kind === 'key') return hasScope(caller, 'admin');
  if (caller.kind === 'visitor') return false;
  return caller.role === 'admin' || (caller.role === 'supervisor' && caller.team_ids.includes(session.team_id));
}

/** Whether the agent may take it out of the queue by hand: members of its team, and admins. */
export function canAcceptSession(caller: Caller, session: Pick<Place, 'team_id'>): caller is Agent {
  return caller.kind === 'agent' && (caller.role === 'admin' || caller.team_ids.includes(session.team_id));
}

function isTheirs({ agent_id }: Agent, session: SeenPlace): boolean {
  return (
    session.agent_id === agent_id || (session.state === 'transferring' && session.transfer_to_agent_id === agent_id)
  );
}
