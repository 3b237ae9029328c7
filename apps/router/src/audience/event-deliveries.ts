import {
  type AgentStatusEvent,
  type Delivery,
  type Event,
  routeOf,
  sessionForVisitor,
  type SessionEvent,
} from '#libs/contracts';
import { agentRoom, teamRoom, visitorRoom, watchRoom } from '#libs/protocol';

/** What an event shows to whom, in the order in which screens should get it. */
export function toEventDeliveries(event: Event): Delivery[] {
  return event.type === 'agent.status_changed' ? presence(event) : transition(event);
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
