import type { z } from 'zod';
import { Refusal } from '#libs/contracts';

const MOST_NAMED = 5;

/** The data in its schema's form. @throws Refusal VALIDATION_FAILED with the places that are wrong, never their content */
export function parse<Schema extends z.ZodType>(schema: Schema, data: unknown): z.output<Schema> {
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues
    .slice(0, MOST_NAMED)
    .map(({ path, message }) => ({ path: path.map(String).join('.') || '(whole)', message }));
  throw new Refusal('VALIDATION_FAILED', { errors });
}
