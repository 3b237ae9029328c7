import type { z } from 'zod';
import { readIssues, Refusal } from '#libs/contracts';

const MOST_NAMED = 5;

/** The data in its schema's form. @throws Refusal VALIDATION_FAILED with the places that are wrong, never their content */
export function parse<Schema extends z.ZodType>(schema: Schema, data: unknown): z.output<Schema> {
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  throw new Refusal('VALIDATION_FAILED', { errors: readIssues(parsed.error, MOST_NAMED) });
}
