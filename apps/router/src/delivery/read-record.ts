import { type KafkaRecord, RecordError } from '#libs/kafka';

/** What of a zod schema is needed here. */
interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: Error };
}

/** The record's JSON value. @throws RecordError when it is none, or does not fit the schema. */
export function readRecord<T>(schema: Schema<T>, { value }: KafkaRecord, index: number): T {
  let json: unknown;
  try {
    json = JSON.parse(value.toString());
  } catch (cause) {
    throw new RecordError('VALIDATION_FAILED', 'the value is no JSON', { index, cause });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new RecordError('VALIDATION_FAILED', 'the value does not fit its schema', { index, cause: parsed.error });
}
