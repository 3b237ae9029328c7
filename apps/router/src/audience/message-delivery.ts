import { type Delivery, parseAudience, recordHeaders } from '#libs/contracts';
import { type KafkaRecord, RecordError } from '#libs/kafka';
import { watchRoom } from '#libs/protocol';

/**
 * A stored message on its way to the screens of its audience and of who watches the session. Its JSON text is passed on as
 * it lies in Kafka: reading and writing it again would be most of this path's work.
 * @throws RecordError when the record names no session or no audience.
 */
export function toMessageDelivery({ key, headers, value }: KafkaRecord, index: number): Delivery {
  const audience = headers[recordHeaders.audience];
  if (key === null || audience === undefined || value.length === 0) {
    throw new RecordError('VALIDATION_FAILED', 'a message without key, audience or value', { index });
  }
  return { rooms: [...parseAudience(audience), watchRoom(key)], event: 'message:created', json: value.toString() };
}

/** The highest log epoch among the records; 0 when none names one. */
export function highestEpoch(records: readonly KafkaRecord[]): number {
  let highest = 0;
  for (const { headers } of records) highest = Math.max(highest, Number(headers[recordHeaders.log_epoch]) || 0);
  return highest;
}

const SEND_TIME = '"send_time":"';

/**
 * When a message was sent, in milliseconds since 1970, read from its JSON text without parsing it; for metrics only.
 * The last occurrence counts: content comes before it in a stored message.
 */
export function findSendTime(json: string): number | undefined {
  const at = json.lastIndexOf(SEND_TIME);
  if (at < 0) return undefined;
  const begin = at + SEND_TIME.length;
  const nanoseconds = Number(json.slice(begin, json.indexOf('"', begin)));
  return Number.isFinite(nanoseconds) ? nanoseconds / 1e6 : undefined;
}
