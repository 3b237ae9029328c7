import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { agentStatusEvent, event, sessionEventTypes, slaEvent, unseenEvent } from './events.ts';
import { message } from './message.ts';
import { session } from './session.ts';

const folder = new URL('../golden/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

/** The records that are no events of `chat.events.v1`, which all have one schema. */
const schemas = { 'message.created.v1.json': message, 'session.state.v1.json': session };

function recordsOf(file: string): unknown[] {
  return JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as unknown[];
}

describe('what was ever released is read to the last field', () => {
  const records = files.flatMap((file) => recordsOf(file).map((record, index) => ({ file, index, record })));
  test.each(records)('$file, entry $index', ({ file, record }) => {
    const schema = schemas[file as keyof typeof schemas] ?? event;
    // Readers drop what they don't know, so a field that is gone from the schema is missing from what was read.
    expect(schema.parse(record)).toEqual(record);
  });
});

test('each type of event has a file, and the file holds nothing else', () => {
  const withoutVersion = [agentStatusEvent, slaEvent, unseenEvent].map(({ shape }) => shape.type.value);
  const types = [...sessionEventTypes, ...withoutVersion];
  for (const type of types) {
    expect(new Set(recordsOf(`${type}.v1.json`).map((record) => (record as { type: string }).type))).toEqual(
      new Set([type]),
    );
  }
  const others = files.filter((file) => !types.some((type) => file === `${type}.v1.json`));
  expect(others.toSorted()).toEqual(Object.keys(schemas).toSorted());
});
