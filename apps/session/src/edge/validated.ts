import { type PipeTransform } from '@nestjs/common';
import type { z } from 'zod';
import { readIssues, Refusal } from '#libs/contracts';

const MOST_NAMED = 20;

/** Holds a body, query or parameter against its schema. @throws Refusal VALIDATION_FAILED that names the paths. */
export class Validated<Schema extends z.ZodType> implements PipeTransform {
  readonly #schema: Schema;

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  transform(value: unknown): z.output<Schema> {
    const parsed = this.#schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const errors = readIssues(parsed.error, MOST_NAMED);
    throw new Refusal('VALIDATION_FAILED', {
      detail: errors.map(({ path, message }) => `${path}: ${message}`).join('; '),
      errors,
    });
  }
}
