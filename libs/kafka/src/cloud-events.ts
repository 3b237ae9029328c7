/** What a CloudEvent says of itself; `time` is ISO 8601. */
export interface CloudEvent {
  id: string;
  type: string;
  source: `seqdesk/${string}`;
  time: string;
  subject: string;
  /** Which JSON Schema the value fits. */
  dataschema: string;
}

/** The headers of a record that carries a CloudEvent 1.0 in binary mode with a JSON value (CloudEvents Kafka binding). */
export function cloudEventHeaders(event: CloudEvent): Record<string, string> {
  return {
    'content-type': 'application/json',
    ce_specversion: '1.0',
    ce_id: event.id,
    ce_type: event.type,
    ce_source: event.source,
    ce_time: event.time,
    ce_subject: event.subject,
    ce_dataschema: event.dataschema,
  };
}
