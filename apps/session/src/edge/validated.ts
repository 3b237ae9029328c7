import { type PipeTransform } from '@nestjs/common';
import type { z } from 'zod';
import { Refusal } from '#libs/contracts';

/** Holds a body, query or parameter against its schema. @throws Refusal VALIDATION_FAILED that names every path. */
export class Validated<Schema extends z.ZodType> implements PipeTransform {
  readonly #schema: Schema;

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  transform(value: unknown): z.output<Schema> {
    const parsed = this.#schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const errors = parsed.error.issues.flatMap((issue) => {
      const path = issue.path.join('.');
      if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
      return issue.keys.map((key) => ({ path: [...issue.path, key].join('.'), message: 'is not known' }));
    });
    throw new Refusal('VALIDATION_FAILED', {
      detail: errors.map(({ path, message }) => `${path}: ${message}`).join('; '),
      errors,
    });
  }
}
