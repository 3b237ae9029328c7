import type { z } from 'zod';

/** What an environment variable's text becomes before the schema judges it. */
export type Kind = 'boolean' | 'list' | 'number' | 'text';

/** One key of the configuration. */
export interface Setting {
  /** Its place, `gateway.limits.burst` as a list of names. */
  readonly path: readonly string[];
  /** The environment variable that overrides it, `GATEWAY_LIMITS_BURST`. */
  readonly env: string;
  readonly kind: Kind;
  /** The schema with its default still round it. */
  readonly schema: z.core.$ZodType;
  /** Undefined when the key is required. */
  readonly default: unknown;
}

/** Lists every key of a schema, depth first in the order of writing. */
export function listSettings(schema: z.core.$ZodType, path: readonly string[] = []): Setting[] {
  const shape = findShape(schema);
  if (shape) return Object.entries(shape).flatMap(([key, inner]) => listSettings(inner, [...path, key]));
  const outer = definition(schema);
  return [
    {
      path,
      env: path.join('_').toUpperCase(),
      kind: kindOf(schema),
      schema,
      default: outer.type === 'default' ? outer.defaultValue : undefined,
    },
  ];
}

function definition(schema: z.core.$ZodType): z.core.$ZodTypes['_zod']['def'] {
  return (schema as z.core.$ZodTypes)._zod.def;
}

/** Takes off defaults, which wrap both sections and keys. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const outer = definition(schema);
  return outer.type === 'default' || outer.type === 'prefault' ? unwrap(outer.innerType) : schema;
}

function findShape(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> | undefined {
  const inner = definition(unwrap(schema));
  return inner.type === 'object' ? inner.shape : undefined;
}

function kindOf(schema: z.core.$ZodType): Kind {
  const { type } = definition(unwrap(schema));
  if (type === 'array') return 'list';
  if (type === 'boolean' || type === 'number') return type;
  return 'text';
}
