import { setTimeout as delay } from 'node:timers/promises';
import { type AgentStatus, type Message, type Session, topicDefaults } from '#libs/contracts';
import { partitionOf } from '#libs/kafka';
import { Api, bootVisitor, findViolations, type History, Talker, waitUntil } from '#libs/testing';
import type { TestCluster } from './cluster.ts';

/** A visitor and the agent who serves it, each on a gateway of its own. */
export interface Conversation {
  session_id: string;
  visitor: Talker;
  agent: Talker;
}

/** Signs an agent in, connects it to one gateway and puts it online. */
export async function connectAgent(cluster: TestCluster, index = 0, gateway = 1): Promise<Talker> {
  const token = await cluster.agentToken(index);
  const agent = new Talker(cluster.gatewayUrls(gateway), token);
  await waitUntil('the agent to be connected', () => agent.ready);
  await setStatus(agent, 'online');
  return agent;
}

/** Until the cluster has taken it. */
export async function setStatus(agent: Talker, status: AgentStatus): Promise<void> {
  await waitUntil(`the agent to be ${status}`, async () => (await agent.emit('agent:status', { status })).ok);
}

/** Opens a session for a new visitor and waits until the agent serves it. */
export async function openConversation(cluster: TestCluster, agent: Talker, gateway = 0): Promise<Conversation> {
  const { visitor, session_id } = await openSession(cluster, gateway);
  await waitUntil(`${session_id} to be served`, async () => {
    const session = await visitor.api.session(session_id);
    if (session.state === 'waiting') await agent.api.post(`/sessions/${session_id}/accept`).catch(() => undefined);
    return session.state === 'serving';
  });
  return { session_id, visitor, agent };
}

/**
 * So many conversations, each in a partition of its own: with more of them than half of the partitions, both of two
 * replicas have some to write, however Kafka has shared them out.
 */
export async function openConversations(cluster: TestCluster, agent: Talker, count: number): Promise<Conversation[]> {
  const byPartition = new Map<number, Conversation>();
  while (byPartition.size < count) {
    const conversation = await openConversation(cluster, agent);
    const partition = partitionOf(conversation.session_id, topicDefaults.partitions);
    if (byPartition.has(partition)) await endConversation(conversation);
    else byPartition.set(partition, conversation);
  }
  return [...byPartition.values()];
}

export async function endConversation({ visitor, session_id }: Conversation): Promise<void> {
  await visitor.api.post(`/sessions/${session_id}/close`, {});
  visitor.close();
}

/** A new visitor, connected, with an open session. */
export async function openSession(
  cluster: TestCluster,
  gateway = 0,
  auth: Record<string, unknown> = {},
): Promise<{ visitor: Talker; visitor_id: string; session_id: string }> {
  const urls = cluster.gatewayUrls(gateway);
  const { visitor_token, visitor_id } = await bootVisitor(urls[0] ?? '', cluster.demo.channel_id);
  const visitor = new Talker(urls, visitor_token, auth);
  try {
    await waitUntil('the visitor to be connected', () => visitor.ready);
    const { session_id } = await visitor.api.post<Session>('/sessions', { channel_id: cluster.demo.channel_id });
    return { visitor, visitor_id, session_id };
  } catch (error) {
    visitor.close();
    throw error;
  }
}

/** Both sides talk until `stop` is called, each with one message under way at a time. */
export function startTalking({ session_id, visitor, agent }: Conversation, pause_ms = 15): { stop(): Promise<void> } {
  let talking = true;
  const talk = async (talker: Talker, name: string) => {
    for (let count = 1; talking; count += 1) {
      await talker.say(session_id, `${name} ${count}`);
      await delay(pause_ms);
    }
  };
  const ends = [talk(visitor, 'visitor'), talk(agent, 'agent')];
  return {
    async stop() {
      talking = false;
      await Promise.all(ends);
    },
  };
}

/** Waits until everything acked is stored and pushed out, then returns the whole record for the checker. */
async function settle(cluster: TestCluster, conversation: Conversation): Promise<History> {
  const { session_id, visitor, agent } = conversation;
  const sendings = [...visitor.sendings, ...agent.sendings].filter((sending) => sending.session_id === session_id);
  const acked = sendings.filter((sending) => sending.message_id !== undefined);
  const stored = await waitUntil(
    `${acked.length} acked words of ${session_id} to be stored`,
    async () => {
      const rows = await cluster.storedMessages(session_id);
      const known = new Set(rows.map((row) => row.client_msg_id));
      return acked.every((sending) => known.has(sending.client_msg_id)) && rows;
    },
    { limit_ms: 60_000, every_ms: 200 },
  );
  const views: Record<string, readonly Message[]> = {
    visitor: await visitor.catchUp(session_id),
    agent: await agent.catchUp(session_id),
    rest: await new Api(cluster.gatewayUrls(0)[0] ?? '', cluster.demo.api_key).log(session_id),
  };
  return { sendings, stored: await cluster.storedMessages(session_id), views: stored.length === 0 ? {} : views };
}

/** `settle`, then the checker's sentences: an empty list is a pass. */
export async function violationsOf(cluster: TestCluster, conversation: Conversation): Promise<string[]> {
  return findViolations(await settle(cluster, conversation));
}
