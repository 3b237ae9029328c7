import { z } from 'zod';
import { agentStatuses, type SlaEvent } from './events.ts';
import { sessionId } from './ids.ts';
import type { Message } from './message.ts';
import type { Heads, Session, SessionRoute } from './session.ts';
import type { Note } from './signals.ts';
import type { SocketError } from './errors.ts';

export const PROTOCOL_VERSION = 1;

export const sessionReadData = z.strictObject({ session_id: sessionId, seq_id: z.number().int().nonnegative() });
export const sessionTypingData = z.strictObject({
  session_id: sessionId,
  typing: z.boolean(),
  preview: z.string().max(1_000).optional(),
});
export const sessionWatchData = z.strictObject({ session_id: sessionId });
export const agentStatusData = z.strictObject({
  status: z.enum(agentStatuses),
  reason: z.string().max(200).optional(),
});

/** Every client event's acknowledgement. */
export type Ack<Data> = { ok: true; data: Data } | { ok: false; error: SocketError };

export interface ConnectionReady {
  connection_id: string;
  user: { role: 'visitor' | 'agent' | 'supervisor' | 'admin'; id: string };
  protocol: number;
  server_time: string;
  /** Milliseconds since 1970 of the database's clock; null while session can't be asked. */
  log_epoch: number | null;
  heads: Heads | null;
}
export interface SessionHeads {
  log_epoch: number;
  heads: Heads;
}
/** Server → client events and their payloads. */
export interface ServerEvents {
  'connection:ready': ConnectionReady;
  'message:created': Message;
  'session:updated': Session;
  'session:removed': { session_id: string; reason: string };
  'session:heads': SessionHeads;
  'session:read': { session_id: string; reader: string; seq_id: number };
  'session:typing': { session_id: string; who: string; typing: boolean; preview?: string };
  'presence:updated': { agent_id: string; status: string };
  'queue:updated': { session_id: string; position: number; eta_seconds: number | null };
  'transfer:offered': { session: Session; from: string; expires_at: string };
  'note:created': { session_id: string; note: Note };
  /** A reply is late; to the agent, and later to the supervisors. */
  'sla:breached': Pick<SlaEvent['data'], 'kind' | 'level'> & { session_id: string };
  'server:draining': { reconnect_after_ms: number };
  error: SocketError & { number: number };
}

/**
 * One push that router hands to the gateways: `json` is the payload as JSON text, written to the sockets as it is.
 * `route` goes with `session:updated`, so that gateways renew what they know of who may write.
 */
export interface Delivery {
  rooms: string[];
  event: Exclude<keyof ServerEvents, 'connection:ready' | 'session:heads' | 'server:draining' | 'error'>;
  json: string;
  route?: SessionRoute;
}
/** Names of the adapter's server-side events from router to the gateways. */
export interface ClusterEvents {
  /** One batch of pushes, in order. */
  deliver: (batch: Delivery[]) => void;
  /** Something may have been lost, or the log epoch changed: send every socket its heads now. */
  'send-heads': (reason: string) => void;
}
