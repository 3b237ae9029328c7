import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Talker } from '#libs/testing';
import { waitUntil } from '#libs/testing';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import {
  connectAgent,
  type Conversation,
  endConversation,
  openConversations,
  startTalking,
  violationsOf,
} from '../support/conversation.ts';

const PAIRS = 4;
const ANSWER_MS = 30_000;
const OUTAGE_MS = 60_000;
const PAUSE_MS = 25_000;

let cluster: TestCluster;
let agent: Talker;
let conversations: Conversation[];
let pids: (number | undefined)[];

beforeAll(async () => {
  cluster = await startTestCluster({ gateway: 2, router: 2, session: 2 });
});
afterAll(() => cluster?.stop());
beforeEach(async () => {
  pids = cluster.pids();
  agent = await connectAgent(cluster);
  conversations = await openConversations(cluster, agent, PAIRS);
});
afterEach(async () => {
  const left = cluster.pids();
  await cluster.wake();
  for (const conversation of conversations) await endConversation(conversation);
  agent.close();
  // An engine that is away is no reason for a service to end.
  expect(left).toEqual(pids);
});

const firstConversation = () => conversations[0] as Conversation;

test('MariaDB is stopped for 60 s under traffic: sends stay acked, nothing is shown, then all of it in order', async () => {
  const talks = conversations.map((conversation) => startTalking(conversation, 50));
  await delay(1_000);
  const { visitor, session_id } = firstConversation();
  await cluster.stopEngine('mysql');
  const during = await visitor.say(session_id, 'said while the database is away');
  await delay(OUTAGE_MS);
  expect(agent.pushes.some((push) => push.message_id === during.message_id)).toBe(false);
  await cluster.startEngine('mysql');
  await waitUntil('the word to arrive', () => agent.pushes.some((push) => push.message_id === during.message_id), {
    limit_ms: 60_000,
  });
  await Promise.all(talks.map((talk) => talk.stop()));
  for (const conversation of conversations) expect(await violationsOf(cluster, conversation)).toEqual([]);
}, 240_000);

test('MariaDB is paused for 25 s under traffic: sends stay acked, REST answers, then all of it comes in order', async () => {
  const talks = conversations.map((conversation) => startTalking(conversation, 50));
  await delay(1_000);
  const { visitor, session_id } = firstConversation();
  cluster.signalEngine('mysql', 'SIGSTOP');
  const during = await visitor.say(session_id, 'said while the database stands still');
  const answer = await fetch(`${visitor.api.url}/api/v1/sessions/${session_id}`, {
    headers: { authorization: `Bearer ${visitor.api.token}` },
    signal: AbortSignal.timeout(35_000),
  });
  expect(answer.status).toBe(503);
  await delay(PAUSE_MS);
  cluster.signalEngine('mysql', 'SIGCONT');
  await waitUntil('the word to arrive', () => agent.pushes.some((push) => push.message_id === during.message_id), {
    limit_ms: 60_000,
  });
  await Promise.all(talks.map((talk) => talk.stop()));
  for (const conversation of conversations) expect(await violationsOf(cluster, conversation)).toEqual([]);
}, 240_000);

test('Redis is stopped for 60 s under traffic: sends stay acked and stored, then all of it is pushed', async () => {
  const talks = conversations.map((conversation) => startTalking(conversation, 50));
  await delay(1_000);
  const { visitor, session_id } = firstConversation();
  await cluster.stopEngine('redis');
  const during = await visitor.say(session_id, 'said while Redis is away');
  await waitUntil('the word to be stored', async () =>
    (await cluster.storedMessages(session_id)).some((row) => row.message_id === during.message_id),
  );
  await delay(OUTAGE_MS);
  await cluster.startEngine('redis');
  await waitUntil('the word to arrive', () => agent.pushes.some((push) => push.message_id === during.message_id), {
    limit_ms: 60_000,
  });
  await Promise.all(talks.map((talk) => talk.stop()));
  for (const conversation of conversations) expect(await violationsOf(cluster, conversation)).toEqual([]);
}, 240_000);

test('Kafka is stopped: a retryable error, and the outbox delivers once when it is back', async () => {
  const { visitor, session_id } = firstConversation();
  await cluster.stopEngine('kafka');
  // A gateway that kept silent would not do: this rejects then.
  const probe = { session_id, client_msg_id: crypto.randomUUID(), type: 'text', content: 'probe' };
  const refused: unknown = await visitor.socket.timeout(ANSWER_MS).emitWithAck('message:send', probe);
  expect(refused).toMatchObject({ ok: false, error: { retryable: true } });
  const kept = visitor.say(session_id, 'kept in the outbox');
  expect((await visitor.api.log(session_id)).length).toBeGreaterThan(0);
  await cluster.startEngine('kafka');
  const sent = await kept;
  await waitUntil('the word to arrive', () => agent.pushes.some((push) => push.message_id === sent.message_id), {
    limit_ms: 60_000,
  });
  expect(await violationsOf(cluster, firstConversation())).toEqual([]);
}, 240_000);

test('Kafka is paused for 20 s under traffic: the words go on by themselves when it is back', async () => {
  const talks = conversations.map((conversation) => startTalking(conversation, 50));
  await delay(1_000);
  cluster.signalEngine('kafka', 'SIGSTOP');
  await delay(20_000);
  cluster.signalEngine('kafka', 'SIGCONT');
  const { visitor, session_id } = firstConversation();
  const after = await visitor.say(session_id, 'said after the pause');
  await waitUntil('the word to arrive', () => agent.pushes.some((push) => push.message_id === after.message_id), {
    limit_ms: 60_000,
  });
  await Promise.all(talks.map((talk) => talk.stop()));
  for (const conversation of conversations) expect(await violationsOf(cluster, conversation)).toEqual([]);
}, 240_000);
