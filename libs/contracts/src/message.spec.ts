import { expect, test } from 'vitest';
import type { z } from 'zod';
import { messageSend, sendMessageBody } from './message.ts';
import { sendBody } from './rest.ts';

const idOf = (prefix: string) => `${prefix}_${'0'.repeat(26)}`;
const contents: Record<string, unknown> = {
  text: 'hello',
  notification: 'shipped',
  card: { title: 'Shoes' },
  choices: { text: 'Which?', choices: [{ choice_id: '1', text: 'These' }] },
  recall: { message_id: idOf('msg') },
};
const sending = { client_msg_id: '00000000-0000-4000-8000-000000000000' };
const schemas: [string, z.ZodType, object][] = [
  ['message:send', messageSend, { ...sending, session_id: idOf('ses') }],
  ['POST /sessions/{id}/messages', sendMessageBody, sending],
  ['POST /send', sendBody, { from: 'shop', to: 'user' }],
];

test.each(schemas)('%s takes each type with the content of that type alone', (call, schema, fields) => {
  const fits = (type: string) =>
    Object.keys(contents).filter((of) => schema.safeParse({ ...fields, type, content: contents[of] }).success);
  expect(Object.fromEntries(Object.keys(contents).map((type) => [type, fits(type)]))).toEqual({
    text: ['text', 'notification'],
    notification: ['text', 'notification'],
    card: ['card'],
    choices: ['choices'],
    recall: call === 'POST /send' ? [] : ['recall'],
  });
});

test.each(['system', 'transfer', 'image', 'constructor'])('nobody sends a message of type %s', (type) => {
  for (const [, schema, fields] of schemas) {
    expect(schema.safeParse({ ...fields, type, content: 'hello' }).success).toBe(false);
  }
});
