import { readFile } from 'node:fs/promises';
import type { AgentStatus } from '#libs/contracts';
import { Api, bootVisitor } from '#libs/testing';
import type { Role } from './commands.ts';

/** Who talks, where, and where tokens come from. */
export interface Person {
  url: string;
  token: () => string | Promise<string>;
  id: string;
  role: Role;
  /** The visitor's own. */
  session_id: string | undefined;
  /** A word about who this is. */
  greeting: string;
}

interface Account {
  username: string;
  password: string;
}
interface InstanceFile {
  gateways: string[];
  admin: Account;
  demo: { channel_id: string; agents: Account[] };
}
interface SignedIn {
  access_token: string;
  expires_in: number;
  user: { agent_id: string; name: string; role: string; status: AgentStatus };
}

/** So long before its end a token is not used any more. */
const TOKEN_MARGIN_MS = 60_000;

/** A new visitor with an open session. */
export async function signInVisitor(
  path: string,
  options: { url?: string | undefined; locale: string },
): Promise<Person> {
  const instance = await readInstance(path);
  const url = options.url ?? instance.gateways[0] ?? '';
  const { channel_id } = instance.demo;
  const { visitor_token, visitor_id } = await bootVisitor(url, channel_id, options.locale);
  const { session_id } = await new Api(url, visitor_token).post<{ session_id: string }>('/sessions', { channel_id });
  const greeting = 'You are a visitor. Say something; /help lists the commands, Ctrl-C ends.';
  return { url, token: () => visitor_token, id: visitor_id, role: 'visitor', session_id, greeting };
}

/** One of the demo's agents, or the admin; on the last gateway, so that words cross the cluster. */
export async function signInAgent(path: string, which: number | 'admin', url?: string): Promise<Person> {
  const instance = await readInstance(path);
  const account = which === 'admin' ? instance.admin : instance.demo.agents[which];
  if (!account) throw new Error(`there is no demo agent ${Number(which) + 1}`);
  const door = url ?? instance.gateways.at(-1) ?? '';
  const { username, password } = account;
  const signIn = () => new Api(door).post<SignedIn>('/auth/login', { username, password });
  const first = await signIn();
  const { agent_id: id, name, role, status } = first.user;
  const greeting = `You are ${name}, ${role}, ${status}. /online gets you sessions; /help lists the commands, Ctrl-C ends.`;
  return { url: door, token: renewing(first, signIn), id, role: 'agent', session_id: undefined, greeting };
}

/** A person may talk for longer than a token lives. */
function renewing(first: SignedIn, signIn: () => Promise<SignedIn>): () => Promise<string> {
  const endOf = ({ expires_in }: SignedIn) => Date.now() + expires_in * 1_000 - TOKEN_MARGIN_MS;
  let held = first;
  let end = endOf(first);
  return async () => {
    if (Date.now() >= end) {
      held = await signIn();
      end = endOf(held);
    }
    return held.access_token;
  };
}

async function readInstance(path: string): Promise<InstanceFile> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as InstanceFile;
  } catch (cause) {
    throw new Error(`${path} can't be read: is "npm start" running?`, { cause });
  }
}
