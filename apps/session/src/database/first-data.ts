import { hash as hashPassword } from '@node-rs/argon2';
import type { DataSource, EntityManager } from 'typeorm';
import type { ChannelId, TeamId } from '#libs/protocol';
import { hashApiKey } from '../people/api-keys.ts';
import { Sealing } from '../people/sealing.ts';
import { AgentRow, ApiKeyRow, ChannelRow, TeamRow } from './entities.ts';
import { newAgentRow, newApiKeyRow, newChannelRow, newTeamRow } from './new-rows.ts';
import { transact } from './transact.ts';

export interface FirstSettings {
  readonly admin_username: string;
  readonly admin_password: string;
  readonly identity_secret: string;
  readonly api_key?: string | undefined;
}

export interface FirstData {
  /** What was not there before. */
  readonly created: ('admin' | 'team' | 'channel' | 'api_key')[];
  /** Of the oldest channel, which the widget needs, and of the team that answers there. */
  readonly channel_id: ChannelId;
  readonly team_id: TeamId;
}

const TEAM_NAME = 'Support';
const CHANNEL_NAME = 'Web site';
const KEY_NAME = 'First key';
const OLDEST = { order: { created_at: 'ASC' }, take: 1 } as const;

/**
 * Puts in place what nobody could begin without: an admin, a team with a channel, and an API key if one is given. Each only
 * where there is none of its kind, so that a later run changes nothing of what people have made since.
 * @throws when the admin's name belongs to somebody who is none
 */
export async function placeFirstData(
  dataSource: DataSource,
  first: FirstSettings,
  sealing: Sealing,
): Promise<FirstData> {
  // Hashing takes its time: not inside the transaction.
  const password_hash = await hashPassword(first.admin_password);
  return transact(dataSource, async (tx) => {
    const created: FirstData['created'] = [];
    // First of all: two runs at once meet at the unique name, and the second one fails before it makes a second channel.
    if (await placeAdmin(tx, first.admin_username, password_hash)) created.push('admin');
    const [oldest] = await tx.find(ChannelRow, OLDEST);
    const channel = oldest ?? (await placeChannel(tx, sealing.seal(first.identity_secret), created));
    if (first.api_key !== undefined && !(await tx.exists(ApiKeyRow))) {
      const key_hash = hashApiKey(first.api_key);
      await tx.insert(ApiKeyRow, newApiKeyRow({ name: KEY_NAME, key_hash, sender_names: [] }));
      created.push('api_key');
    }
    return { created, channel_id: channel.channel_id, team_id: channel.team_id };
  });
}

async function placeAdmin(tx: EntityManager, username: string, password_hash: string): Promise<boolean> {
  if (await tx.existsBy(AgentRow, { role: 'admin' })) return false;
  if (await tx.existsBy(AgentRow, { username })) throw new Error(`${username} is the name of somebody who is no admin`);
  await tx.insert(AgentRow, newAgentRow({ username, name: username, role: 'admin', password_hash }));
  return true;
}

async function placeChannel(
  tx: EntityManager,
  identity_secret_encrypted: string,
  created: FirstData['created'],
): Promise<ChannelRow> {
  const [oldest] = await tx.find(TeamRow, OLDEST);
  const team = oldest ?? newTeamRow(TEAM_NAME);
  if (!oldest) {
    await tx.insert(TeamRow, team);
    created.push('team');
  }
  const channel = newChannelRow({ name: CHANNEL_NAME, team_id: team.team_id, identity_secret_encrypted });
  await tx.insert(ChannelRow, channel);
  created.push('channel');
  return channel;
}
