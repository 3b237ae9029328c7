import {
  agentStatusData,
  type AgentStatusQuestion,
  type ReadQuestion,
  Refusal,
  sessionReadData,
  sessionTypingData,
  sessionWatchData,
} from '#libs/contracts';
import type { Connection } from '../connection/connection.ts';
import type { Connections } from '../connection/connections.ts';
import type { MayWrite } from './may-write.ts';
import { parse } from './parse.ts';
import type { SendMessage } from './send-message.ts';
import type { Signals } from './signals.ts';

/** Answers one event's data; what it returns is the acknowledgement's `data`. @throws Refusal */
export type EventHandler = (connection: Connection, data: unknown) => Promise<object>;

export interface ClientEventParts {
  readonly sendMessage: SendMessage;
  readonly mayWrite: MayWrite;
  readonly signals: Signals;
  readonly connections: Connections;
  /** @throws Refusal */
  readonly read: (question: ReadQuestion) => Promise<void>;
  /** @throws Refusal */
  readonly setStatus: (question: AgentStatusQuestion) => Promise<void>;
}

/** Each watched session is a room here and a row in each heartbeat. */
const MOST_WATCHED = 50;

/** All that a client may say. A map, not an object: a client chooses the name that is looked up. */
export function clientEvents(parts: ClientEventParts): ReadonlyMap<string, EventHandler> {
  return new Map<string, EventHandler>([
    ['message:send', ({ person }, data) => parts.sendMessage.run(person, data)],
    ['session:read', (connection, data) => read(parts, connection, data)],
    ['session:typing', (connection, data) => type(parts, connection, data)],
    ['session:watch', (connection, data) => watch(parts, connection, data)],
    ['session:unwatch', (connection, data) => unwatch(parts, connection, data)],
    ['agent:status', (connection, data) => setStatus(parts, connection, data)],
  ]);
}

async function read(parts: ClientEventParts, { person }: Connection, data: unknown): Promise<object> {
  const mark = parse(sessionReadData, data);
  await parts.read({ ...mark, caller: person });
  return {};
}

async function type({ signals, mayWrite }: ClientEventParts, { person }: Connection, data: unknown): Promise<object> {
  const { session_id, typing, preview } = parse(sessionTypingData, data);
  await mayWrite.write(person, session_id);
  if (person.kind === 'agent') signals.send({ type: 'typing', session_id, who: person.agent_id, typing });
  else {
    const shown = preview === undefined ? {} : { preview };
    signals.send({ type: 'typing', session_id, who: person.visitor_id, typing, ...shown });
  }
  return {};
}

async function watch(parts: ClientEventParts, connection: Connection, data: unknown): Promise<object> {
  const { session_id } = parse(sessionWatchData, data);
  await parts.mayWrite.watch(connection.person, session_id);
  // Not a limit of rate: to send it again would not help as long as nothing is unwatched.
  if (!connection.watched.includes(session_id) && connection.watched.length >= MOST_WATCHED) {
    const message = `no more than ${MOST_WATCHED} sessions can be watched at once`;
    throw new Refusal('VALIDATION_FAILED', { detail: message, errors: [{ path: 'session_id', message }] });
  }
  // It may have gone while session was asked: its rooms would stay for ever.
  if (connection.isOpen) parts.connections.watch(connection, session_id);
  return {};
}

async function unwatch({ connections }: ClientEventParts, connection: Connection, data: unknown): Promise<object> {
  connections.unwatch(connection, parse(sessionWatchData, data).session_id);
  return {};
}

async function setStatus(parts: ClientEventParts, { person }: Connection, data: unknown): Promise<object> {
  if (person.kind !== 'agent') throw new Refusal('FORBIDDEN');
  await parts.setStatus({ ...parse(agentStatusData, data), agent_id: person.agent_id });
  return {};
}
