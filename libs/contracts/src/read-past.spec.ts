import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { event } from './events.ts';
import { draft, message, messageSend, sendMessageBody } from './message.ts';
import { closeSessionBody, openSessionBody, readBody, sendBody } from './rest.ts';
import { session, sessionRoute } from './session.ts';
import { signal } from './signals.ts';

const idOf = (prefix: string) => `${prefix}_${'0'.repeat(26)}`;
const client_msg_id = '00000000-0000-4000-8000-000000000000';
const time = '2025-01-01T00:00:00.000Z';
const someDraft = {
  message_id: idOf('msg'),
  session_id: idOf('ses'),
  type: 'text',
  sender: idOf('vis'),
  sender_role: 'visitor',
  target: idOf('ses'),
  content: 'hello',
  send_time: '1',
  client_msg_id,
  reply_to: null,
};
const someSession = {
  session_id: idOf('ses'),
  state: 'serving',
  version: 2,
  origin: 'visitor',
  channel_id: idOf('chn'),
  team_id: idOf('team'),
  visitor: { visitor_id: idOf('vis'), name: null },
  agent: { agent_id: idOf('agt'), name: 'Anna' },
  language: null,
  last_seq_id: 1,
  opened_at: time,
  enqueued_at: null,
  assigned_at: time,
  closed_at: null,
  close_reason: null,
  rating: null,
  previous_session_id: null,
};
const someRoute = {
  session_id: idOf('ses'),
  state: 'serving',
  version: 2,
  channel_id: idOf('chn'),
  team_id: idOf('team'),
  visitor_id: idOf('vis'),
  agent_id: null,
};
const transition = {
  event_id: idOf('evt'),
  occurred_at: time,
  type: 'session.assigned',
  session_id: idOf('ses'),
  version: 2,
  data: { session: someSession, previous: { state: 'waiting', agent_id: null, team_id: idOf('team') } },
};
const statusChange = {
  event_id: idOf('evt'),
  occurred_at: time,
  type: 'agent.status_changed',
  data: { agent_id: idOf('agt'), status: 'online', previous_status: 'away', reason: null, team_ids: [] },
};

/** The value as a newer version would write it: with one more field at every level. */
function addField(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const fields = Object.entries(value).map(([name, inner]) => [name, addField(inner)] as const);
  return { ...Object.fromEntries(fields), of_a_newer_version: { any: 1 } };
}

describe('a field of a newer version is read past, not refused', () => {
  const read: [string, z.ZodType, unknown][] = [
    ['a draft', draft, someDraft],
    ['a message', message, { ...someDraft, seq_id: 1 }],
    ['a session', session, someSession],
    ['a route', sessionRoute, someRoute],
    ['a transition', event, transition],
    ['a change of status', event, statusChange],
    ['typing', signal, { type: 'typing', session_id: idOf('ses'), who: idOf('vis'), typing: true }],
    ['a mark', signal, { type: 'read', session_id: idOf('ses'), reader: idOf('agt'), seq_id: 1 }],
    ['presence', signal, { type: 'presence', agent_id: idOf('agt'), status: 'idle', team_ids: [idOf('team')] }],
  ];
  test.each(read)('%s', (_, schema, value) => {
    expect(schema.parse(addField(value))).toEqual(value);
  });
});

describe('what clients send in is refused with a field that nobody knows', () => {
  const body = { client_msg_id, type: 'text', content: 'hello' };
  const sent: [string, z.ZodType, object][] = [
    ['message:send', messageSend, { ...body, session_id: idOf('ses') }],
    ['POST /sessions/{id}/messages', sendMessageBody, body],
    ['POST /send', sendBody, { from: 'bot', to: 'user', type: 'text', content: 'hello' }],
    ['POST /sessions', openSessionBody, {}],
    ['a closing', closeSessionBody, {}],
    ['a mark', readBody, { seq_id: 1 }],
  ];
  test.each(sent)('%s', (_, schema, value) => {
    expect(schema.safeParse(value).success).toBe(true);
    expect(schema.safeParse({ ...value, unknown: 1 }).success).toBe(false);
  });
});
