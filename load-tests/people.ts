import { randomBytes } from 'node:crypto';
import type { Session } from '#libs/contracts';
import { Api, bootVisitor, login, waitUntil } from '#libs/testing';
import { connectLightClient, type LightClient } from './clients/light-client.ts';
import type { InstanceFile } from './instance.ts';

const VISITORS_PER_AGENT = 25;
const AT_ONCE = 16;

/** A visitor and an agent of one session, on different gateways where there are two. */
export interface Pair {
  session_id: string;
  visitor: LightClient;
  agent: LightClient;
  /** Closes the session: left open it would return to the queue, and take the agents of the next round. */
  end(): Promise<void>;
}

export type OnMessage = (side: 'visitor' | 'agent', message: Record<string, unknown>) => void;

/** Boots visitors through the public door, some at a time. */
export async function bootVisitors(instance: InstanceFile, count: number): Promise<string[]> {
  const tokens: string[] = [];
  const boot = async () => {
    while (tokens.length < count) {
      const index = tokens.push('') - 1;
      const url = instance.gateways[index % instance.gateways.length] ?? instance.url;
      tokens[index] = (await bootVisitor(url, instance.demo.channel_id)).visitor_token;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, boot));
  return tokens;
}

/** Creates agents, puts them online and opens one served session for each visitor. */
export async function makePairs(instance: InstanceFile, count: number, onMessage: OnMessage): Promise<Pair[]> {
  const agents = await connectAgents(instance, Math.ceil(count / VISITORS_PER_AGENT), onMessage);
  const tokens = await bootVisitors(instance, count);
  const pairs: Pair[] = [];
  for (const token of tokens) {
    const url = instance.gateways[0] ?? instance.url;
    const api = new Api(url, token);
    const { session_id } = await api.post<Session>('/sessions', { channel_id: instance.demo.channel_id });
    const served = await waitUntil(`${session_id} to be served`, async () => {
      const session = await api.session(session_id);
      return session.agent && agents.get(session.agent.agent_id);
    });
    const onEvent = (event: string, data: unknown) => {
      if (event === 'message:created') onMessage('visitor', data as Record<string, unknown>);
    };
    const visitor = await connectLightClient({ url, auth: { token, protocol: 1 }, onEvent });
    const end = async () => {
      await api.post(`/sessions/${session_id}/close`, {});
      visitor.close();
    };
    pairs.push({ session_id, agent: served, visitor, end });
  }
  return pairs;
}

async function connectAgents(
  instance: InstanceFile,
  count: number,
  onMessage: OnMessage,
): Promise<Map<string, LightClient>> {
  const admin = new Api(instance.url, await login(instance.url, instance.admin.username, instance.admin.password));
  const agents = new Map<string, LightClient>();
  for (let index = 0; index < count; index += 1) {
    const username = `load-${randomBytes(6).toString('hex')}`;
    const password = randomBytes(18).toString('base64url');
    const { agent_id } = await admin.post<{ agent_id: string }>('/agents', {
      username,
      password,
      name: username,
      role: 'agent',
      team_ids: [instance.demo.team_id],
      capacity: VISITORS_PER_AGENT,
    });
    const token = await login(instance.url, username, password);
    const url = instance.gateways.at(-1) ?? instance.url;
    const client = await connectLightClient({
      url,
      auth: { token, protocol: 1 },
      onEvent: (event, data) => {
        if (event === 'message:created') onMessage('agent', data as Record<string, unknown>);
      },
    });
    await client.emit('agent:status', { status: 'online' });
    agents.set(agent_id, client);
  }
  return agents;
}
