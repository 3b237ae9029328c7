import type { Delivery, Note, SessionRoute, Signal } from '#libs/contracts';
import { agentRoom, visitorRoom, watchRoom } from '#libs/protocol';
import { toPresence } from './event-deliveries.ts';

type Typing = Extract<Signal, { type: 'typing' }>;
type Position = Extract<Signal, { type: 'queue' }>;
type Read = Extract<Signal, { type: 'read' }>;

/** What has to be known besides the signal. */
interface Known {
  readonly route?: SessionRoute | undefined;
  readonly note?: Note | undefined;
}

/** The last word of each person about each thing: what it replaces would be seen for a millisecond. Order is kept. */
export function keepLatest(signals: readonly Signal[]): Signal[] {
  const latest = new Map<string, Signal>();
  for (const signal of signals) {
    const subject = subjectOf(signal);
    latest.delete(subject);
    latest.set(subject, signal);
  }
  return [...latest.values()];
}

function subjectOf(signal: Signal): string {
  switch (signal.type) {
    case 'typing':
      return `typing ${signal.session_id} ${signal.who}`;
    case 'read':
      return `read ${signal.session_id} ${signal.reader}`;
    case 'presence':
      return `presence ${signal.agent_id}`;
    case 'queue':
      return `queue ${signal.session_id}`;
    case 'note':
      return `note ${signal.note_id}`;
  }
}

/**
 * Whom a signal concerns; undefined when that is nobody, or when its session's route or the note it points to is needed and
 * unknown.
 */
export function toSignalDelivery(signal: Signal, { route, note }: Known): Delivery | undefined {
  switch (signal.type) {
    case 'typing':
      return route && toTyping(signal, route);
    case 'read':
      return route && toRead(signal, route);
    case 'presence':
      return toPresence(signal.agent_id, signal.status, signal.team_ids);
    case 'queue':
      return toPosition(signal);
    case 'note':
      return route && note && toNote(signal.session_id, note, route);
  }
}

function toPosition({ session_id, visitor_id, position, eta_seconds }: Position): Delivery {
  const json = JSON.stringify({ session_id, position, eta_seconds });
  return { rooms: [visitorRoom(visitor_id)], event: 'queue:updated', json };
}

/** Among agents only. */
function toNote(session_id: string, note: Note, route: SessionRoute): Delivery {
  const rooms = [watchRoom(session_id), ...agentsOf(route)];
  return { rooms, event: 'note:created', json: JSON.stringify({ session_id, note }) };
}

function toTyping({ session_id, who, typing, preview }: Typing, route: SessionRoute): Delivery | undefined {
  if (route.state === 'closed') return undefined;
  if (who === route.visitor_id) {
    const rooms = [watchRoom(session_id), ...agentsOf(route)];
    const shown = preview === undefined ? { session_id, who, typing } : { session_id, who, typing, preview };
    return { rooms, event: 'session:typing', json: JSON.stringify(shown) };
  }
  // An agent's half-written words are nobody's business, and who no longer serves the session types unseen.
  if (who !== route.agent_id) return undefined;
  const rooms = [visitorRoom(route.visitor_id)];
  return { rooms, event: 'session:typing', json: JSON.stringify({ session_id, who, typing }) };
}

function toRead({ session_id, reader, seq_id }: Read, route: SessionRoute): Delivery {
  const isParty = reader === route.visitor_id || reader === route.agent_id;
  // A supervisor's silent reading shows on the supervisor's own screens only.
  const rooms = isParty
    ? [watchRoom(session_id), visitorRoom(route.visitor_id), ...agentsOf(route)]
    : [agentRoom(reader)];
  return { rooms, event: 'session:read', json: JSON.stringify({ session_id, reader, seq_id }) };
}

function agentsOf({ agent_id }: SessionRoute): string[] {
  return agent_id === null ? [] : [agentRoom(agent_id)];
}
