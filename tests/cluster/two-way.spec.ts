import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Talker } from '#libs/testing';
import { waitUntil } from '#libs/testing';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { connectAgent, openConversation, violationsOf } from '../support/conversation.ts';

const EACH_WAY = 5_000;
const LANES = 10;

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster({ gateway: 2, router: 2, session: 2 });
});
afterAll(() => cluster?.stop());

test('10,000 messages both ways: numbered 1…n, the same list live on both sides, over REST and in MySQL', async () => {
  const agent = await connectAgent(cluster);
  const conversation = await openConversation(cluster, agent);
  const { session_id, visitor } = conversation;
  const words = (talker: Talker) => talker.screen(session_id).filter((message) => message.type === 'text');
  // Each lane sends its next word when the last is acked; ten lanes a side keep the batches full.
  const lane = async (talker: Talker, name: string) => {
    for (let count = 0; count < EACH_WAY / LANES; count += 1) await talker.say(session_id, `${name}.${count}`);
  };
  const lanes = Array.from({ length: LANES }, (_, index) => [lane(visitor, `v${index}`), lane(agent, `a${index}`)]);
  await Promise.all(lanes.flat());

  // Live first: nothing is fetched over REST before every word has come by push alone.
  const everywhere = () => [visitor, agent].every((talker) => words(talker).length === 2 * EACH_WAY);
  await waitUntil('all words live on both screens', everywhere, { limit_ms: 60_000 });
  expect(words(visitor)).toEqual(words(agent));
  expect(new Set(words(agent).map((message) => message.content)).size).toBe(2 * EACH_WAY);
  expect(await violationsOf(cluster, conversation)).toEqual([]);
  visitor.close();
  agent.close();
}, 300_000);
