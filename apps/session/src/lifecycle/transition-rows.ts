import { randomUUID } from 'node:crypto';
import { dataSchemas, type Draft, type Session, type SessionEvent, topics } from '#libs/contracts';
import { teamsThatSee } from '#libs/domain';
import { cloudEventHeaders } from '#libs/kafka';
import { messageIdOf, newId, sendTimeNow } from '../database/ids.ts';
import { inboundHeaders } from '../log/inbound.ts';
import { eventRow } from '../outbox/event-row.ts';
import type { OutboxRow } from '../outbox/outbox.ts';
import { type SessionReadRow, toSession } from './sessions.store.ts';
import type { LogEntry, Told } from './told-of-commands.ts';

const SYSTEM = 'system';

/** What a transition tells the world: its event, the session's latest state, and the entry it leaves in the log. */
export function transitionRows(
  row: SessionReadRow,
  told: Told & { readonly previous: SessionEvent['data']['previous'] },
): OutboxRow[] {
  const session = toSession(row);
  // The database's clock: readers order by it what has the same version.
  const occurred_at = row.read_at.toISOString();
  const { type, previous, reason } = told;
  const { session_id, version } = session;
  const data = { session, previous, reason, seen_by_team_ids: [...teamsThatSee(row)] };
  const event: SessionEvent = { event_id: newId('evt'), type, occurred_at, session_id, version, data };
  const rows = [eventRow(event), sessionStateRow(session, occurred_at)];
  if (told.entry) rows.push(entryRow(row, told.entry));
  return rows;
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

/** A log entry goes the way of every message; its client_msg_id is the outbox row's id, so a repeat is settled. */
export function entryRow(
  { session_id, channel_id, visitor_id }: Pick<SessionReadRow, 'session_id' | 'channel_id' | 'visitor_id'>,
  { type, content }: LogEntry,
): OutboxRow {
  const outbox_id = randomUUID();
  const entry: Draft = {
    message_id: messageIdOf(session_id, SYSTEM, outbox_id),
    session_id,
    type,
    sender: SYSTEM,
    sender_role: 'system',
    target: session_id,
    content,
    send_time: sendTimeNow(),
    client_msg_id: outbox_id,
    reply_to: null,
  };
  const headers = inboundHeaders(channel_id, visitor_id);
  return { outbox_id, topic: topics.inbound.name, record_key: session_id, headers, value: entry };
}
