import { type Draft, draft, recordHeaders } from '#libs/contracts';
import { type KafkaRecord, RecordError } from '#libs/kafka';
import { type ChannelId, isId, type VisitorId } from '#libs/protocol';

/** A record of `chat.inbound.v1`: a message without a number, and what is needed to open its session anew. */
export interface Inbound {
  readonly draft: Draft;
  readonly channel_id: ChannelId;
  readonly visitor_id: VisitorId;
}

/** Reads the batch's records. @throws RecordError with the record's index: it can never be stored, whoever tries. */
export function parseInbound(records: readonly KafkaRecord[]): Inbound[] {
  return records.map((record, index) => {
    const { [recordHeaders.channel_id]: channel_id = '', [recordHeaders.visitor_id]: visitor_id = '' } = record.headers;
    if (!isId('chn', channel_id) || !isId('vis', visitor_id)) {
      throw new RecordError('BAD_HEADERS', 'channel_id or visitor_id is missing', { index });
    }
    return { draft: parseDraft(record, index), channel_id, visitor_id };
  });
}

function parseDraft(record: KafkaRecord, index: number): Draft {
  let value: unknown;
  try {
    value = JSON.parse(record.value.toString('utf8'));
  } catch (cause) {
    throw new RecordError('BAD_JSON', 'the value is no JSON', { index, cause });
  }
  const parsed = draft.safeParse(value);
  if (parsed.success) return parsed.data;
  // Paths only: the issue's text may quote people's words.
  const paths = parsed.error.issues.map((issue) => issue.path.join('.') || '(whole)').join(', ');
  throw new RecordError('BAD_DRAFT', `not a draft: ${paths}`, { index });
}

/** The headers that go with a draft, wherever it is produced. */
export function inboundHeaders(channel_id: string, visitor_id: string): Record<string, string> {
  return { [recordHeaders.channel_id]: channel_id, [recordHeaders.visitor_id]: visitor_id };
}
