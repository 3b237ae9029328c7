import { dataSchemas, type Event, topics } from '#libs/contracts';
import { cloudEventHeaders } from '#libs/kafka';
import type { OutboxRow } from './outbox.ts';

/** An event as a record of `chat.events.v1`, in the order of its session, else of its agent. */
export function eventRow(event: Event): OutboxRow {
  const subject = 'session_id' in event ? event.session_id : event.data.agent_id;
  return {
    topic: topics.events.name,
    record_key: subject,
    headers: cloudEventHeaders({
      id: event.event_id,
      type: event.type,
      source: 'seqdesk/session',
      time: event.occurred_at,
      subject,
      dataschema: dataSchemas.event,
    }),
    value: event,
  };
}
