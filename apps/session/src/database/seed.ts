import { hash as hashPassword } from '@node-rs/argon2';
import type { EntityManager } from 'typeorm';
import { loadConfigOrExit, seedConfig } from '#libs/config';
import type { AgentRole } from '#libs/contracts';
import type { AgentId, ChannelId, TeamId } from '#libs/protocol';
import { hashApiKey } from '../people/api-keys.ts';
import { Sealing } from '../people/sealing.ts';
import { createDataSource } from './data-source.ts';
import { AgentRow, ApiKeyRow, ChannelRow, TeamMemberRow, TeamRow } from './entities.ts';
import { newId } from './ids.ts';
import { transact } from './transact.ts';

/**
 * Puts an admin, a team, its agents, a channel and an API key in place, and prints their ids as one line of JSON.
 * Idempotent: things are known by their names, so that ids, statuses and sessions of a former run stay; passwords, the key
 * and the channel's secret become those that are given.
 */
const NAME = 'Demo';
const ALL_SCOPES = [
  'admin',
  'messages:read',
  'messages:write',
  'sessions:read',
  'sessions:write',
  'visitors:read',
  'visitors:write',
  'files:read',
  'files:write',
  'reports:read',
];

interface Person {
  username: string;
  name: string;
  password: string;
  role: AgentRole;
}

const { seed, ...config } = loadConfigOrExit(seedConfig);
const sealing = new Sealing(config.secrets_key);
const dataSource = createDataSource(config.mysql);
await dataSource.initialize();
try {
  const admin = { username: seed.admin_username, name: 'Admin', password: seed.admin_password, role: 'admin' } as const;
  const people = seed.agents.map((agent) => ({ ...agent, role: 'agent' as const }));
  // Hashing takes its time: not inside the transaction.
  const hashes = new Map<string, string>();
  for (const { username, password } of [admin, ...people]) hashes.set(username, await hashPassword(password));
  const line = await transact(dataSource, async (tx) => {
    await keepPerson(tx, admin, hashes);
    const team_id = await keepTeam(tx);
    const agents: { username: string; agent_id: AgentId }[] = [];
    for (const person of people) {
      const agent_id = await keepPerson(tx, person, hashes);
      await tx.upsert(TeamMemberRow, { team_id, agent_id }, ['team_id', 'agent_id']);
      agents.push({ username: person.username, agent_id });
    }
    const channel_id = await keepChannel(tx, team_id);
    await keepApiKey(tx);
    return { channel_id, team_id, agents };
  });
  process.stdout.write(`${JSON.stringify(line)}\n`);
} finally {
  await dataSource.destroy();
}

async function keepPerson(tx: EntityManager, person: Person, hashes: Map<string, string>): Promise<AgentId> {
  const { username, name, role } = person;
  const password_hash = hashes.get(username) ?? '';
  const now = new Date();
  const known = await tx.findOneBy(AgentRow, { username });
  if (known) {
    await tx.update(AgentRow, { agent_id: known.agent_id }, { password_hash, updated_at: now });
    return known.agent_id;
  }
  const agent_id = newId('agt');
  await tx.insert(AgentRow, {
    agent_id,
    username,
    password_hash,
    name,
    role,
    email: null,
    locale: 'en',
    skills: [],
    languages: [],
    status: 'away',
    capacity: 8,
    active: 0,
    disabled: false,
    created_at: now,
    updated_at: now,
  });
  return agent_id;
}

async function keepTeam(tx: EntityManager): Promise<TeamId> {
  const known = await tx.findOneBy(TeamRow, { name: NAME });
  if (known) return known.team_id;
  const now = new Date();
  const team_id = newId('team');
  await tx.insert(TeamRow, { team_id, name: NAME, created_at: now, updated_at: now });
  return team_id;
}

async function keepChannel(tx: EntityManager, team_id: TeamId): Promise<ChannelId> {
  const identity_secret_encrypted = sealing.seal(seed.identity_secret);
  const now = new Date();
  const known = await tx.findOneBy(ChannelRow, { name: NAME });
  if (known) {
    await tx.update(ChannelRow, { channel_id: known.channel_id }, { identity_secret_encrypted, updated_at: now });
    return known.channel_id;
  }
  const channel_id = newId('chn');
  await tx.insert(ChannelRow, {
    channel_id,
    name: NAME,
    team_id,
    bot: 'none',
    identity: 'optional',
    identity_secret_encrypted,
    allowed_origins: [],
    settings: {},
    created_at: now,
    updated_at: now,
  });
  return channel_id;
}

async function keepApiKey(tx: EntityManager): Promise<void> {
  const key_hash = hashApiKey(seed.api_key);
  const known = await tx.findOneBy(ApiKeyRow, { name: NAME });
  if (known) await tx.update(ApiKeyRow, { key_id: known.key_id }, { key_hash });
  else {
    await tx.insert(ApiKeyRow, {
      key_id: newId('key'),
      name: NAME,
      key_hash,
      scopes: ALL_SCOPES,
      sender_names: ['demo'],
      expires_at: null,
      created_at: new Date(),
    });
  }
}
