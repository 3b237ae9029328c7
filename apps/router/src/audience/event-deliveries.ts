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
  const { session, previous } = event.data;
  const { session_id, visitor, agent, state, team_id } = session;
  const deliveries: Delivery[] = [];
  if (previous?.agent_id && previous.agent_id !== agent?.agent_id) {
    // Before the update: an agent of the team meets the session again as an entry of the queue.
    deliveries.push({
      rooms: [agentRoom(previous.agent_id)],
      event: 'session:removed',
      json: JSON.stringify({ session_id, reason: event.type.slice('session.'.length) }),
    });
  }
  deliveries.push(...offer(event));
  const rooms = [watchRoom(session_id)];
  if (agent) rooms.push(agentRoom(agent.agent_id));
  // The team sees its queue: who enters it, and who leaves it.
  if (state === 'waiting') rooms.push(teamRoom(team_id));
  if (previous?.state === 'waiting' && !(state === 'waiting' && previous.team_id === team_id)) {
    rooms.push(teamRoom(previous.team_id));
  }
  deliveries.push({
    rooms,
    event: 'session:updated',
    json: JSON.stringify(withoutUnread(session)),
    route: routeOf(session),
  });
  deliveries.push({
    rooms: [visitorRoom(visitor.visitor_id)],
    event: 'session:updated',
    json: JSON.stringify(withoutUnread(sessionForVisitor(session))),
  });
  return deliveries;
}

/** To whom the session is on offer, and that it is so no more. */
function offer({ type, data: { session, previous } }: SessionEvent): Delivery[] {
  const { session_id, transfer, agent } = session;
  const before = previous?.transfer_to_agent_id ?? null;
  const deliveries: Delivery[] = [];
  if (before !== null && before !== transfer?.to_agent && before !== agent?.agent_id) {
    const reason = type.slice('session.'.length);
    deliveries.push({
      rooms: [agentRoom(before)],
      event: 'session:removed',
      json: JSON.stringify({ session_id, reason }),
    });
  }
  if (type === 'session.transfer_offered' && transfer?.to_agent) {
    const { from, to_agent, expires_at } = transfer;
    deliveries.push({
      rooms: [agentRoom(to_agent)],
      event: 'transfer:offered',
      json: JSON.stringify({ session: withoutUnread(session), from, expires_at }),
    });
  }
  return deliveries;
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
