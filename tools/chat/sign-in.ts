import { readFile } from 'node:fs/promises';
import { Api, bootVisitor, login } from '#libs/testing';

/** Who talks, where, and with which token. */
export interface Person {
  url: string;
  api: Api;
  token: string;
  id: string;
}

interface InstanceFile {
  gateways: string[];
  demo: { channel_id: string; agents: { username: string; password: string; agent_id: string }[] };
}

/** A new visitor with an open session. */
export async function signInVisitor(path: string, url?: string): Promise<Person> {
  const instance = await readInstance(path);
  const door = url ?? instance.gateways[0] ?? '';
  const { visitor_token, visitor_id } = await bootVisitor(door, instance.demo.channel_id);
  const api = new Api(door, visitor_token);
  await api.post('/sessions', { channel_id: instance.demo.channel_id });
  return { url: door, api, token: visitor_token, id: visitor_id };
}

/** One of the demo's agents; on the last gateway, so that words cross the cluster. */
export async function signInAgent(path: string, index: number, url?: string): Promise<Person> {
  const instance = await readInstance(path);
  const agent = instance.demo.agents[index];
  if (!agent) throw new Error(`there is no demo agent ${index + 1}`);
  const door = url ?? instance.gateways.at(-1) ?? '';
  const token = await login(door, agent.username, agent.password);
  return { url: door, api: new Api(door, token), token, id: agent.agent_id };
}

async function readInstance(path: string): Promise<InstanceFile> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as InstanceFile;
  } catch (cause) {
    throw new Error(`${path} can't be read: is "npm start" running?`, { cause });
  }
}
