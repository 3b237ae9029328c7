import { z } from 'zod';
import { event } from './events.ts';
import { message } from './message.ts';
import { session } from './session.ts';

/** The values of the public topics, by the name of their JSON Schema. */
const values = { message, event, session } as const;
type ValueName = keyof typeof values;
const names = Object.keys(values) as ValueName[];

const fileOf = (name: ValueName) => `${name}.v1.json`;
const uriOf = (name: ValueName) => `https://seqdesk.dev/schemas/${fileOf(name)}`;

/** The `ce_dataschema` of records on public topics: which JSON Schema the value fits. A name; nothing is fetched from there. */
export const dataSchemas = Object.fromEntries(names.map((name) => [name, uriOf(name)])) as Record<ValueName, string>;

/** The JSON Schemas (draft 2020-12) of the public topics' values, by file name; they lie in libs/contracts/schemas. */
export function jsonSchemas(): Record<string, object> {
  return Object.fromEntries(
    names.map((name) => {
      // As a reader takes it: a schema of what is written would refuse the fields of later versions.
      const { $schema, ...rest } = z.toJSONSchema(values[name], { io: 'input' });
      return [fileOf(name), { $schema, $id: uriOf(name), title: name, ...rest }];
    }),
  );
}
