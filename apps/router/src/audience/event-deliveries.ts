import {
  type AgentStatusEvent,
  type Delivery,
  type Event,
  routeOf,
  sessionForVisitor,
  type SessionEvent,
  type SlaEvent,
} from '#libs/contracts';
import { agentRoom, teamRoom, visitorRoom, watchRoom } from '#libs/protocol';

/** What an event shows to whom, in the order in which screens should get it. */
export function toEventDeliveries(event: Event): Delivery[] {
  switch (event.type) {
    case 'agent.status_changed':
      return presence(event);
    case 'sla.breached':
      return lateReply(event);
    case 'message.unseen':
      return []; // for integrators, who have other ways to reach a visitor
    default:
      return transition(event);
  }
}

function transition(event: SessionEvent): Delivery[] {
  const { session } = event.data;
  const { session_id, visitor, agent } = session;
  const rooms = [watchRoom(session_id), ...(agent ? [agentRoom(agent.agent_id)] : []), ...seeingTeams(event)];
  return [
    // Before the update: who serves it now, or finds it in the queue again, may be among those who lose it.
    ...removals(event),
    ...offer(event),
    { rooms, event: 'session:updated', json: JSON.stringify(withoutUnread(session)), route: routeOf(session) },
    {
      rooms: [visitorRoom(visitor.visitor_id)],
      event: 'session:updated',
      json: JSON.stringify(withoutUnread(sessionForVisitor(session))),
    },
  ];
}

/** The teams that see it on their screens: their queue, and whatever else is shown to their agents. */
function seeingTeams({ data: { session, seen_by_team_ids } }: SessionEvent): string[] {
  // An older session does not say: then it is the queue alone.
  return (seen_by_team_ids ?? (session.state === 'waiting' ? [session.team_id] : [])).map(teamRoom);
}

/** Who served it, had it on offer, or saw it in their queue, and does not any more. */
function removals(event: SessionEvent): Delivery[] {
  const { session, previous } = event.data;
  if (!previous) return [];
  const rooms: string[] = [];
  if (previous.agent_id && previous.agent_id !== session.agent?.agent_id) rooms.push(agentRoom(previous.agent_id));
  const target = previous.transfer_to_agent_id;
  if (target && target !== session.transfer?.to_agent && target !== session.agent?.agent_id)
    rooms.push(agentRoom(target));
  if (previous.state === 'waiting' && !seeingTeams(event).includes(teamRoom(previous.team_id))) {
    rooms.push(teamRoom(previous.team_id));
  }
  if (rooms.length === 0) return [];
  const json = JSON.stringify({ session_id: session.session_id, reason: event.type.slice('session.'.length) });
  return [{ rooms, event: 'session:removed', json }];
}

/** To whom the session is on offer now. */
function offer({ type, data: { session } }: SessionEvent): Delivery[] {
  if (type !== 'session.transfer_offered' || !session.transfer?.to_agent) return [];
  const { from, to_agent, expires_at } = session.transfer;
  const json = JSON.stringify({ session: withoutUnread(session), from, expires_at });
  return [{ rooms: [agentRoom(to_agent)], event: 'transfer:offered', json }];
}

/** A late reply shows to whoever can do something about it. */
function lateReply({ session_id, data: { kind, level, agent_id, supervisor_ids } }: SlaEvent): Delivery[] {
  const people = level === 'supervisor' ? supervisor_ids : agent_id === null ? [] : [agent_id];
  if (people.length === 0) return [];
  return [{ rooms: people.map(agentRoom), event: 'sla:breached', json: JSON.stringify({ session_id, kind, level }) }];
}

// One text for all readers, and the count is each reader's own.
function withoutUnread<Shown extends { unread_count?: number | undefined }>(shown: Shown): Omit<Shown, 'unread_count'> {
  const { unread_count: _unread_count, ...rest } = shown;
  return rest;
}

function presence({ data: { agent_id, status, team_ids } }: AgentStatusEvent): Delivery[] {
  return [toPresence(agent_id, status, team_ids)];
}

/** An agent's presence, for the agent's own screens and those of the teams. */
export function toPresence(agent_id: string, status: string, team_ids: readonly string[]): Delivery {
  return {
    rooms: [agentRoom(agent_id), ...team_ids.map(teamRoom)],
    event: 'presence:updated',
    json: JSON.stringify({ agent_id, status }),
  };
}
