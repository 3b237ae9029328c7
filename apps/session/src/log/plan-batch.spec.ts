import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Message } from '#libs/contracts';
import type { Inbound } from './inbound.ts';
import { type BatchFacts, planBatch, type SessionFacts } from './plan-batch.ts';

function inboundOf(session_id: string, name: string, more: Partial<Message> = {}): Inbound {
  const draft = { session_id, message_id: `msg_${name}`, type: 'text', sender_role: 'visitor', content: name, ...more };
  return { draft, channel_id: 'chn_a', visitor_id: 'vis_a' } as unknown as Inbound;
}
function factsOf(sessions: Record<string, Partial<SessionFacts>>, stored: Message[] = []): BatchFacts {
  const whole = Object.entries(sessions).map(([session_id, facts]): [string, SessionFacts] => [
    session_id,
    { state: 'serving', visitor_id: 'vis_a' as never, agent_id: null, lacks_bot: true, last_seq_id: 0, ...facts },
  ]);
  return { sessions: new Map(whole), stored: new Map(stored.map((message) => [message.message_id, message])) };
}
const storedOf = (session_id: string, name: string, seq_id: number) => ({
  ...inboundOf(session_id, name).draft,
  seq_id,
});
const names = (rows: readonly { content?: unknown }[]) => rows.map((row) => row.content);

test('new messages are numbered behind what is there, each session by itself', () => {
  const batch = [inboundOf('ses_a', '1'), inboundOf('ses_b', '2'), inboundOf('ses_a', '3')];
  const plan = planBatch(batch, factsOf({ ses_a: { last_seq_id: 7 }, ses_b: {} }));
  expect(plan.insert.map((row) => [row.session_id, row.seq_id])).toEqual([
    ['ses_a', 8],
    ['ses_b', 1],
    ['ses_a', 9],
  ]);
  expect(plan.publish).toEqual(plan.insert);
});

test('what is stored is published again with its own number and stored no second time', () => {
  const known = storedOf('ses_a', '1', 4);
  const plan = planBatch(
    [inboundOf('ses_a', '1'), inboundOf('ses_a', '2')],
    factsOf({ ses_a: { last_seq_id: 6 } }, [known]),
  );
  expect(plan.insert.map((row) => row.seq_id)).toEqual([7]);
  expect(plan.publish[0]).toEqual(known);
});

test('a resend in the same batch is one message', () => {
  const plan = planBatch([inboundOf('ses_a', '1'), inboundOf('ses_a', '1')], factsOf({ ses_a: {} }));
  expect(plan.insert).toHaveLength(1);
});

describe('a closed session', () => {
  const closed = factsOf({ ses_a: { state: 'closed', last_seq_id: 3 } }, [storedOf('ses_a', 'old', 2)]);

  test("sends a visitor's new word on to the follow-up", () => {
    const plan = planBatch([inboundOf('ses_a', 'new')], closed);
    expect(plan).toMatchObject({ insert: [], publish: [] });
    expect(names(plan.relocate.map((record) => record.draft))).toEqual(['new']);
  });

  test('keeps a resend of what it stored before', () => {
    const plan = planBatch([inboundOf('ses_a', 'old')], closed);
    expect(plan.relocate).toEqual([]);
    expect(names(plan.publish)).toEqual(['old']);
  });

  test.each([
    ["an agent's late word", { sender_role: 'agent' }],
    ['its own closing entry', { sender_role: 'system', type: 'system' }],
    ["a visitor's recall", { type: 'recall' }],
  ] as const)('still takes %s', (_name, more) => {
    expect(planBatch([inboundOf('ses_a', 'late', more)], closed).insert).toHaveLength(1);
  });
});

test('a word that moved to a follow-up is not published from its old place', () => {
  const moved = storedOf('ses_b', '1', 1);
  const plan = planBatch([inboundOf('ses_a', '1')], factsOf({ ses_a: { state: 'closed' } }, [moved]));
  expect(plan).toEqual({ insert: [], publish: [], relocate: [], drop: [], enqueue: [] });
});

test.each(['waiting', 'serving', 'transferring', 'closed'] as const)("a bot's answer is dropped while %s", (state) => {
  const plan = planBatch([inboundOf('ses_a', 'answer', { sender_role: 'bot' })], factsOf({ ses_a: { state } }));
  expect(names(plan.drop.map((record) => record.draft))).toEqual(['answer']);
  expect(plan.insert).toEqual([]);
});

test('a bot in charge is stored', () => {
  const plan = planBatch([inboundOf('ses_a', 'answer', { sender_role: 'bot' })], factsOf({ ses_a: { state: 'bot' } }));
  expect(plan.insert).toHaveLength(1);
});

test('applying any records in any batches, with repeats, gives every session 1…n and each message once', () => {
  const record = fc.record({
    session: fc.constantFrom('ses_a', 'ses_b', 'ses_c'),
    name: fc.integer({ min: 0, max: 40 }),
  });
  fc.assert(
    fc.property(fc.array(fc.array(record, { maxLength: 15 }), { maxLength: 15 }), (batches) => {
      const rows: Message[] = [];
      for (const batch of batches) {
        const last = (session_id: string) => rows.filter((row) => row.session_id === session_id).length;
        const sessions = ['ses_a', 'ses_b', 'ses_c'].map((session_id) => [
          session_id,
          { last_seq_id: last(session_id) },
        ]);
        const inbound = batch.map(({ session, name }) => inboundOf(session, `${session}${name}`));
        rows.push(...planBatch(inbound, factsOf(Object.fromEntries(sessions), rows)).insert);
      }
      expect(new Set(rows.map((row) => row.message_id)).size).toBe(rows.length);
      for (const session_id of ['ses_a', 'ses_b', 'ses_c']) {
        const numbers = rows.filter((row) => row.session_id === session_id).map((row) => row.seq_id);
        expect(numbers).toEqual(numbers.map((_seq_id, index) => index + 1));
      }
    }),
  );
});

test('a visitor who writes where no bot answers is to be taken into the queue, also by a repeat', () => {
  const word = inboundOf('ses_a', '1');
  const sessions = { ses_a: { state: 'bot' as const } };
  expect(planBatch([word], factsOf(sessions)).enqueue).toEqual(['ses_a']);
  expect(planBatch([word], factsOf(sessions, [storedOf('ses_a', '1', 1)])).enqueue).toEqual(['ses_a']);
  expect(planBatch([word], factsOf({ ses_a: { state: 'bot', lacks_bot: false } })).enqueue).toEqual([]);
  expect(planBatch([word], factsOf({ ses_a: { state: 'serving' } })).enqueue).toEqual([]);
  const notice = inboundOf('ses_a', '2', { sender_role: 'api' });
  expect(planBatch([notice], factsOf(sessions)).enqueue).toEqual([]);
});

test("a word's own record under the follow-up session counts, whatever comes before it in the batch", () => {
  const [old, own] = [inboundOf('ses_a', '1'), inboundOf('ses_b', '1')];
  const next = inboundOf('ses_b', '2');
  const sessions = { ses_a: { state: 'closed' as const }, ses_b: {} };
  const fresh = planBatch([old, own, next], factsOf(sessions));
  expect(names(fresh.insert)).toEqual(['1', '2']);
  expect(fresh.relocate).toEqual([]);
  const repeated = planBatch([old, own], factsOf(sessions, [storedOf('ses_b', '1', 1)]));
  expect(names(repeated.publish)).toEqual(['1']);
  expect(repeated.relocate).toEqual([]);
  expect(planBatch([old, old], factsOf(sessions)).relocate).toHaveLength(1);
});
