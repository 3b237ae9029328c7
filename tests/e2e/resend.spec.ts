import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bootVisitor, Talker, waitUntil } from '#libs/testing';
import type { Session } from '#libs/contracts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { connectAgent, openConversation } from '../support/conversation.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster({ gateway: 2, router: 1, session: 2 });
});
afterAll(() => cluster?.stop());

test('fifty sendings of one client_msg_id through two gateways are one message, and every ack names it', async () => {
  const { visitor_token } = await bootVisitor(cluster.gatewayUrls(0)[0] ?? '', cluster.demo.channel_id);
  const one = new Talker(cluster.gatewayUrls(0), visitor_token);
  const other = new Talker(cluster.gatewayUrls(1), visitor_token);
  await waitUntil('both sockets to be ready', () => one.ready && other.ready);
  const { session_id } = await one.api.post<Session>('/sessions', { channel_id: cluster.demo.channel_id });

  const client_msg_id = randomUUID();
  const sendings = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      (index % 2 ? one : other).say(session_id, `hello ${index}`, client_msg_id),
    ),
  );
  const ids = new Set(sendings.map(({ message_id }) => message_id));
  expect(ids.size).toBe(1);

  await one.say(session_id, 'the end');
  await waitUntil('the end to be stored', async () =>
    (await cluster.storedMessages(session_id)).some((row) => row.content === 'the end'),
  );
  const stored = await cluster.storedMessages(session_id);
  expect(stored.filter((row) => row.client_msg_id === client_msg_id).map((row) => row.message_id)).toEqual([...ids]);
  one.close();
  other.close();
});

test('a resend after the session closed is settled by its identity: nothing new, no follow-up session', async () => {
  const agent = await connectAgent(cluster);
  const { session_id, visitor } = await openConversation(cluster, agent);
  const word = await visitor.say(session_id, 'before closing');
  // Acked only, it could be numbered behind the closing, in the follow-up session.
  await waitUntil('it to be stored', () => cluster.isStored(word.message_id ?? ''));
  await agent.api.post(`/sessions/${session_id}/close`, {});
  const before = await waitUntil('the closing entry', async () => {
    const rows = await cluster.storedMessages(session_id);
    // The other one says who serves.
    return rows.filter(({ type }) => type === 'system').length === 2 && rows;
  });

  const again = await visitor.say(session_id, 'before closing', word.client_msg_id);
  expect(again.message_id).toBe(word.message_id);
  await visitor.say(session_id, 'a new word');
  const followUp = await waitUntil('the follow-up session', async () => {
    const { items } = await visitor.api.get<{ items: Session[] }>('/sessions');
    return items.find((session) => session.previous_session_id === session_id);
  });
  await waitUntil('the new word in the follow-up', async () =>
    (await cluster.storedMessages(followUp.session_id)).some((row) => row.content === 'a new word'),
  );
  const moved = await cluster.storedMessages(followUp.session_id);
  expect(moved.filter((row) => row.sender_role === 'visitor').map((row) => row.content)).toEqual(['a new word']);
  expect(await cluster.storedMessages(session_id)).toEqual(before);
  visitor.close();
  agent.close();
});
