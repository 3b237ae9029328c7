import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Talker } from '#libs/testing';
import { waitUntil } from '#libs/testing';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import {
  connectAgent,
  type Conversation,
  openConversation,
  startTalking,
  violationsOf,
} from '../support/conversation.ts';

const PAIRS = 4;

let cluster: TestCluster;
let agent: Talker;
let conversations: Conversation[];

beforeAll(async () => {
  cluster = await startTestCluster({ gateway: 2, router: 2, session: 2 });
  agent = await connectAgent(cluster);
  conversations = await Promise.all(Array.from({ length: PAIRS }, () => openConversation(cluster, agent)));
});
afterAll(async () => {
  for (const { visitor } of conversations ?? []) visitor.close();
  agent?.close();
  await cluster?.stop();
});

async function talkFor(milliseconds: number): Promise<void> {
  const talks = conversations.map((conversation) => startTalking(conversation));
  await delay(milliseconds);
  await Promise.all(talks.map((talk) => talk.stop()));
}

async function expectWhole(epochBefore: number): Promise<void> {
  const epoch = await waitUntil('a new log epoch', async () => {
    const found = await cluster.logEpoch();
    return found > epochBefore && found;
  });
  for (const conversation of conversations) expect(await violationsOf(cluster, conversation)).toEqual([]);
  // A second sign of life: the epoch reaches the clients, and new words are numbered behind the refilled ones.
  await waitUntil('the agent to hear of the new epoch', () => agent.heads.some((heads) => heads.log_epoch >= epoch), {
    limit_ms: 40_000,
  });
  await talkFor(500);
  for (const conversation of conversations) expect(await violationsOf(cluster, conversation)).toEqual([]);
}

test('the database goes back to a snapshot while the cluster runs: all words come back under a new log epoch', async () => {
  await talkFor(2_000);
  const snapshot = await cluster.snapshotDatabase();
  const epoch = await cluster.logEpoch();
  await talkFor(4_000);
  await cluster.waitDrained();
  await cluster.restoreDatabase(snapshot);
  await expectWhole(epoch);
}, 240_000);

test('the same with the cluster stopped', async () => {
  const snapshot = await cluster.snapshotDatabase();
  const epoch = await cluster.logEpoch();
  await talkFor(4_000);
  await cluster.waitDrained();
  await cluster.stopServices();
  await cluster.restoreDatabase(snapshot);
  await cluster.startServices();
  await expectWhole(epoch);
}, 240_000);
