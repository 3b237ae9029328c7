import { type KafkaRecord, RecordError } from '#libs/kafka';

/** What of a zod schema is needed here. */
interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: Error };
}

/** The record's JSON value in its schema's form. @throws RecordError when it is no JSON, or does not fit. */
export function readRecord<T>(schema: Schema<T>, record: KafkaRecord, index: number): T {
  return holdAgainst(schema, readJson(record, index), index);
}

/** @throws RecordError when the value is no JSON. */
export function readJson({ value }: KafkaRecord, index: number): unknown {
  try {
    return JSON.parse(value.toString());
  } catch (cause) {
    throw new RecordError('VALIDATION_FAILED', 'the value is no JSON', { index, cause });
  }
}

/** @throws RecordError when the value does not fit. */
export function holdAgainst<T>(schema: Schema<T>, value: unknown, index: number): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new RecordError('VALIDATION_FAILED', 'the value does not fit its schema', { index, cause: parsed.error });
}
