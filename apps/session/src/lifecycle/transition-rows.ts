import { randomUUID } from 'node:crypto';
import {
  dataSchemas,
  type Draft,
  localeOf,
  type Session,
  type SessionEvent,
  type SessionEventType,
  topics,
} from '#libs/contracts';
import { cloudEventHeaders } from '#libs/kafka';
import { messageIdOf, newId, sendTimeNow } from '../database/ids.ts';
import { inboundHeaders } from '../log/inbound.ts';
import type { OutboxRow } from '../outbox/outbox.ts';
import { type SessionReadRow, toSession } from './sessions.store.ts';

const SYSTEM = 'system';

/** What a transition tells the world: its event, the session's latest state, and the entry it leaves in the log. */
export function transitionRows(
  type: SessionEventType,
  row: SessionReadRow,
  previous: SessionEvent['data']['previous'],
  text: string | undefined,
): OutboxRow[] {
  const session = toSession(row);
  // The database's clock: readers order by it what has the same version.
  const occurred_at = row.read_at.toISOString();
  const rows = [eventRow(type, session, previous, occurred_at), sessionStateRow(session, occurred_at)];
  if (text !== undefined) rows.push(entryRow(session, text));
  return rows;
}

function eventRow(
  type: SessionEventType,
  session: Session,
  previous: SessionEvent['data']['previous'],
  occurred_at: string,
): OutboxRow {
  const event_id = newId('evt');
  const { session_id, version } = session;
  const event: SessionEvent = { event_id, type, occurred_at, session_id, version, data: { session, previous } };
  return {
    topic: topics.events.name,
    record_key: session_id,
    headers: cloudEventHeaders({
      id: event_id,
      type,
      source: 'seqdesk/session',
      time: occurred_at,
      subject: session_id,
      dataschema: dataSchemas.event,
    }),
    value: event,
  };
}

function sessionStateRow(session: Session, time: string): OutboxRow {
  const { session_id, version } = session;
  const id = `${session_id}/${version}`;
  return {
    topic: topics.sessions.name,
    record_key: session_id,
    headers: cloudEventHeaders({
      id,
      type: 'session.state',
      source: 'seqdesk/session',
      time,
      subject: session_id,
      dataschema: dataSchemas.session,
    }),
    value: session,
  };
}

/** The log entry goes the way of every message; its client_msg_id is the outbox row's id, so a repeat is settled. */
function entryRow({ session_id, channel_id, visitor }: Session, content: string): OutboxRow {
  const outbox_id = randomUUID();
  const entry: Draft = {
    message_id: messageIdOf(session_id, SYSTEM, outbox_id),
    session_id,
    type: 'system',
    sender: SYSTEM,
    sender_role: 'system',
    target: session_id,
    content,
    send_time: sendTimeNow(),
    client_msg_id: outbox_id,
    reply_to: null,
  };
  const headers = inboundHeaders(channel_id, visitor.visitor_id);
  return { outbox_id, topic: topics.inbound.name, record_key: session_id, headers, value: entry };
}

export function visitorLocale(row: SessionReadRow): 'zh-CN' | 'en' {
  return localeOf(row.visitor_locale ?? undefined);
}
