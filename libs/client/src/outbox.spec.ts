import { expect, test, vi } from 'vitest';
import type { MessageSend, Sent } from '#libs/contracts';
import { Outbox, type OutboxEdges, type OutboxStorage } from './outbox.ts';
import { CallFailed } from './rest.ts';

const word = (client_msg_id: string, session_id = 'ses_a') =>
  ({ session_id, client_msg_id, type: 'text', content: client_msg_id }) as MessageSend;
const sent = (message: MessageSend): Sent => ({ message_id: `msg_${message.client_msg_id}` as never, send_time: '1' });
const unavailable = () => new CallFailed({ code: 'UNAVAILABLE', message: 'away', retryable: true });

function outboxWith(send: OutboxEdges['send'], storage?: OutboxStorage) {
  const states: string[] = [];
  const changed: OutboxEdges['changed'] = (entry) => states.push(`${entry.message.client_msg_id} ${entry.state}`);
  return { outbox: new Outbox({ send, changed, random: () => 0 }, storage), states };
}

test('words of a session go one at a time and in order, also when the first has to be sent again', async () => {
  const offered: string[] = [];
  let failures = 2;
  const { outbox } = outboxWith(async (message) => {
    offered.push(message.client_msg_id);
    if (message.client_msg_id === '1' && failures-- > 0) throw unavailable();
    return sent(message);
  });
  for (const name of ['1', '2', '3']) outbox.add(word(name));
  await vi.waitUntil(() => outbox.entries.every((entry) => entry.state === 'sent'));
  expect(offered).toEqual(['1', '1', '1', '2', '3']);
});

test('one session waiting for the network does not hold another one up', async () => {
  const { outbox, states } = outboxWith(async (message) => {
    if (String(message.session_id) === 'ses_a') return new Promise<Sent>(() => {});
    return sent(message);
  });
  outbox.add(word('1'));
  outbox.add(word('2', 'ses_b'));
  await vi.waitUntil(() => states.includes('2 sent'));
  expect(states).not.toContain('1 sent');
  outbox.close();
});

test('a refusal for good is reported and lets the next word pass', async () => {
  const { outbox, states } = outboxWith(async (message) => {
    if (message.client_msg_id === '1') throw new CallFailed({ code: 'FORBIDDEN', message: 'no', retryable: false });
    return sent(message);
  });
  const refused = outbox.add(word('1'));
  outbox.add(word('2'));
  await vi.waitUntil(() => states.includes('2 sent'));
  expect(refused).toMatchObject({ state: 'refused', error: { code: 'FORBIDDEN' } });
});

test('what is not acked survives in storage and is offered again by the next outbox', async () => {
  let kept: readonly MessageSend[] = [];
  const storage: OutboxStorage = { save: (messages) => (kept = messages), load: () => [...kept] };
  const first = outboxWith(() => new Promise<Sent>(() => {}), storage);
  first.outbox.add(word('1'));
  first.outbox.close();
  expect(kept).toEqual([word('1')]);
  const second = outboxWith(async (message) => sent(message), storage);
  second.outbox.restore();
  await vi.waitUntil(() => second.states.includes('1 sent'));
  expect(kept).toEqual([]);
});

test('a word seen in the log is delivered, even when its ack was lost', async () => {
  const { outbox, states } = outboxWith(async () => {
    throw unavailable();
  });
  outbox.add(word('1'));
  outbox.noticeDelivered('1', 'msg_1');
  await vi.waitUntil(() => states.includes('1 delivered'));
  expect(outbox.entries).toEqual([]);
});

test('a word seen in the log stays delivered when the attempt is refused later, and the next word goes at once', async () => {
  let refuse = (_: CallFailed): void => {};
  const { outbox, states } = outboxWith((message) => {
    if (message.client_msg_id === '2') return Promise.resolve(sent(message));
    return new Promise<Sent>((_, reject) => (refuse = reject));
  });
  const entry = outbox.add(word('1'));
  outbox.add(word('2'));
  outbox.noticeDelivered('1', 'msg_1');
  refuse(new CallFailed({ code: 'SESSION_CLOSED', message: 'too late', retryable: false }));
  await vi.waitUntil(() => states.includes('2 sent'));
  expect(entry).toMatchObject({ state: 'delivered', message_id: 'msg_1' });
  expect(entry.error).toBeUndefined();
  expect(states).not.toContain('1 refused');
});
