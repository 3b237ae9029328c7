import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { SessionRoute, Signal } from '#libs/contracts';
import { makeId } from '#libs/protocol';
import { keepLatest, toSignalDelivery } from './signal-deliveries.ts';

const now = Date.UTC(2026, 10, 24);
const session_id = makeId('ses', now, randomBytes(10));
const visitor_id = makeId('vis', now, randomBytes(10));
const agent_id = makeId('agt', now, randomBytes(10));
const stranger = makeId('agt', now, randomBytes(10));
const team_id = makeId('team', now, randomBytes(10));
const route: SessionRoute = {
  session_id,
  state: 'serving',
  version: 2,
  channel_id: makeId('chn', now, randomBytes(10)),
  team_id,
  visitor_id,
  agent_id,
};
const typing = (who: typeof visitor_id | typeof agent_id, preview?: string): Signal => ({
  type: 'typing',
  session_id,
  who,
  typing: true,
  ...(preview === undefined ? {} : { preview }),
});

test("a visitor's half-written words show to the agent and who watches", () => {
  const delivery = toSignalDelivery(typing(visitor_id, 'how do I'), { route });
  expect(delivery?.rooms).toEqual([`watch:${session_id}`, `agent:${agent_id}`]);
  expect(JSON.parse(delivery?.json ?? '')).toEqual({ session_id, who: visitor_id, typing: true, preview: 'how do I' });
});

test("an agent's half-written words are kept from the visitor", () => {
  const delivery = toSignalDelivery(typing(agent_id, 'you can'), { route });
  expect(delivery?.rooms).toEqual([`visitor:${visitor_id}`]);
  expect(JSON.parse(delivery?.json ?? '')).toEqual({ session_id, who: agent_id, typing: true });
});

test('nobody sees typing of who is not in the session, or in a closed one', () => {
  expect(toSignalDelivery(typing(stranger), { route })).toBeUndefined();
  expect(toSignalDelivery(typing(visitor_id), { route: { ...route, state: 'closed' } })).toBeUndefined();
  expect(toSignalDelivery(typing(visitor_id), {})).toBeUndefined();
});

test('read marks go to both sides; those of a silent reader to the reader alone', () => {
  const read: Signal = { type: 'read', session_id, reader: visitor_id, seq_id: 4 };
  const rooms = [`watch:${session_id}`, `visitor:${visitor_id}`, `agent:${agent_id}`];
  expect(toSignalDelivery(read, { route })?.rooms).toEqual(rooms);
  expect(toSignalDelivery({ ...read, reader: stranger }, { route })?.rooms).toEqual([`agent:${stranger}`]);
});

test('presence needs no route', () => {
  const delivery = toSignalDelivery({ type: 'presence', agent_id, status: 'idle', team_ids: [team_id] }, {});
  expect(delivery).toMatchObject({ rooms: [`agent:${agent_id}`, `team:${team_id}`], event: 'presence:updated' });
});

test('only the last signal of each person and session is kept, in order', () => {
  const read = (seq_id: number): Signal => ({ type: 'read', session_id, reader: visitor_id, seq_id });
  expect(keepLatest([typing(visitor_id, 'h'), read(1), typing(agent_id), typing(visitor_id, 'he'), read(2)])).toEqual([
    typing(agent_id),
    typing(visitor_id, 'he'),
    read(2),
  ]);
});

test('a place in the queue is its visitor’s, and needs no route', () => {
  const place: Signal = { type: 'queue', session_id, visitor_id, position: 3, eta_seconds: 40 };
  const delivery = toSignalDelivery(place, {});
  expect(delivery).toMatchObject({ rooms: [`visitor:${visitor_id}`], event: 'queue:updated' });
  expect(JSON.parse(delivery?.json ?? '')).toEqual({ session_id, position: 3, eta_seconds: 40 });
});

test('a note stays among agents, and needs to be had from session', () => {
  const note_id = makeId('note', now, randomBytes(10));
  const author = { agent_id, name: 'Anna' };
  const note = { note_id, author, content: 'vip', after_seq_id: 2, created_at: '2026-11-24T00:00:00Z' };
  const signal: Signal = { type: 'note', session_id, note_id };
  const delivery = toSignalDelivery(signal, { route, note });
  expect(delivery).toMatchObject({ rooms: [`watch:${session_id}`, `agent:${agent_id}`], event: 'note:created' });
  expect(JSON.parse(delivery?.json ?? '')).toEqual({ session_id, note });
  expect(toSignalDelivery(signal, { route })).toBeUndefined();
  expect(toSignalDelivery(signal, { note })).toBeUndefined();
});
