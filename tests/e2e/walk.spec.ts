import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitUntil } from '#libs/testing';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { connectAgent, openConversation } from '../support/conversation.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster({ gateway: 2, router: 1, session: 1 });
});
afterAll(() => cluster?.stop());

test("a visitor's word reaches the agent on another gateway, and the answer comes back", async () => {
  const agent = await connectAgent(cluster);
  const { session_id, visitor } = await openConversation(cluster, agent);

  const question = await visitor.say(session_id, '退货流程是什么?');
  const atAgent = await waitUntil('the question at the agent', () =>
    agent.pushes.find((push) => push.message_id === question.message_id),
  );
  expect(atAgent).toMatchObject({ session_id, content: '退货流程是什么?', sender_role: 'visitor', type: 'text' });

  const answer = await agent.say(session_id, 'Within 7 days, unopened.');
  const atVisitor = await waitUntil('the answer at the visitor', () =>
    visitor.pushes.find((push) => push.message_id === answer.message_id),
  );
  expect(atVisitor).toMatchObject({ session_id, content: 'Within 7 days, unopened.', sender_role: 'agent' });
  expect(atVisitor.seq_id).toBeGreaterThan(atAgent.seq_id);

  const stored = await cluster.storedMessages(session_id);
  expect(stored.map((row) => row.seq_id)).toEqual(stored.map((_row, index) => index + 1));
  expect(await visitor.api.log(session_id)).toEqual(stored);
  visitor.close();
  agent.close();
});

test('nobody sees a message before it is committed', async () => {
  const agent = await connectAgent(cluster);
  const { session_id, visitor } = await openConversation(cluster, agent);
  const seenTooEarly: string[] = [];
  const checks: Promise<void>[] = [];
  agent.socket.on('message:created', (message) => {
    const check = async () => {
      if (!(await cluster.isStored(message.message_id))) seenTooEarly.push(message.content);
    };
    checks.push(check());
  });
  for (let count = 1; count <= 100; count += 1) await visitor.say(session_id, `word ${count}`);
  await waitUntil('all words at the agent', () => agent.pushes.some((push) => push.content === 'word 100'));
  await Promise.all(checks);
  expect(checks.length).toBeGreaterThanOrEqual(100);
  expect(seenTooEarly).toEqual([]);
  visitor.close();
  agent.close();
});
