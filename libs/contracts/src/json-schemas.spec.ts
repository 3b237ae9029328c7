import { expect, test } from 'vitest';
import { dataSchemas, jsonSchemas } from './json-schemas.ts';

test('a schema is known by the name that records carry', () => {
  const ids = Object.values(jsonSchemas()).map((schema) => (schema as { $id: string }).$id);
  expect(ids).toEqual(Object.values(dataSchemas));
});

test('a field that comes later fits the schema of today', () => {
  for (const schema of Object.values(jsonSchemas())) {
    expect(JSON.stringify(schema)).not.toContain('"additionalProperties":false');
  }
});
