import { hash as hashPassword } from '@node-rs/argon2';
import type { EntityManager } from 'typeorm';
import { loadConfigOrExit, seedConfig } from '#libs/config';
import type { AgentRole } from '#libs/contracts';
import type { AgentId, ChannelId, TeamId } from '#libs/protocol';
import { hashApiKey } from '../people/api-keys.ts';
import { Sealing } from '../people/sealing.ts';
import { createDataSource } from './data-source.ts';
import { AgentRow, ApiKeyRow, ChannelRow, TeamMemberRow, TeamRow } from './entities.ts';
import { newAgentRow, newApiKeyRow, newChannelRow, newTeamRow } from './new-rows.ts';
import { transact } from './transact.ts';

/**
 * The demo of `npm start`: puts an admin, a team, its agents, a channel and an API key in place, and prints their ids as one
 * line of JSON. Idempotent: things are known by their names, so that ids, statuses and sessions of a former run stay;
 * passwords, the key and the channel's secret become those that are given.
 */
const NAME = 'Demo';

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
  const known = await tx.findOneBy(AgentRow, { username });
  if (known) {
    await tx.update(AgentRow, { agent_id: known.agent_id }, { password_hash, updated_at: new Date() });
    return known.agent_id;
  }
  const row = newAgentRow({ username, name, role, password_hash });
  await tx.insert(AgentRow, row);
  return row.agent_id;
}

async function keepTeam(tx: EntityManager): Promise<TeamId> {
  const known = await tx.findOneBy(TeamRow, { name: NAME });
  if (known) return known.team_id;
  const row = newTeamRow(NAME);
  await tx.insert(TeamRow, row);
  return row.team_id;
}

async function keepChannel(tx: EntityManager, team_id: TeamId): Promise<ChannelId> {
  const identity_secret_encrypted = sealing.seal(seed.identity_secret);
  const known = await tx.findOneBy(ChannelRow, { name: NAME });
  if (known) {
    const changes = { identity_secret_encrypted, updated_at: new Date() };
    await tx.update(ChannelRow, { channel_id: known.channel_id }, changes);
    return known.channel_id;
  }
  const row = newChannelRow({ name: NAME, team_id, identity_secret_encrypted });
  await tx.insert(ChannelRow, row);
  return row.channel_id;
}

async function keepApiKey(tx: EntityManager): Promise<void> {
  const key_hash = hashApiKey(seed.api_key);
  const known = await tx.findOneBy(ApiKeyRow, { name: NAME });
  if (known) await tx.update(ApiKeyRow, { key_id: known.key_id }, { key_hash });
  else await tx.insert(ApiKeyRow, newApiKeyRow({ name: NAME, key_hash, sender_names: ['demo'] }));
}
