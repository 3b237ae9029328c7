import { randomBytes } from 'node:crypto';
import { createChannelBody, type CreateChannelBody, updateChannelBody, type UpdateChannelBody } from '#libs/contracts';
import { ChannelRow, TeamRow } from '../database/entities.ts';
import { channelSettings, channelSettingsOf } from './channel-settings.ts';
import { pick } from './changes.ts';
import type { Fields, Resource } from './resource.ts';
import { lookAtOpenSessions, requireNamed, rowsOf } from './settings.store.ts';

const SECRET_BYTES = 32;

/** A channel goes without its visitors: one of them may be opening a session in this moment. */
const rows = rowsOf(ChannelRow, 'channel_id', {
  toFields: ({ settings, ...columns }: ChannelRow) => ({ ...columns, ...channelSettingsOf(settings) }),
  toColumns(changes, after) {
    const names = Object.keys(changes);
    const columns = pick(
      changes,
      names.filter((name) => !channelSettings.includes(name)),
    );
    const hasSettings = names.some((name) => channelSettings.includes(name));
    return hasSettings ? { ...columns, settings: pick(after, channelSettings) } : columns;
  },
});

export const channels: Resource<UpdateChannelBody, CreateChannelBody> = {
  path: 'channels',
  noun: 'channel',
  id: 'channel_id',
  prefix: 'chn',
  create: createChannelBody,
  update: updateChannelBody,
  rows,
  secret: {
    field: 'identity_secret',
    make: () => randomBytes(SECRET_BYTES).toString('base64url'),
    toColumns: (secret, sealing): Fields => ({ identity_secret_encrypted: sealing.seal(secret) }),
  },
  async check(tx, { team_id }) {
    if (!team_id) return;
    await requireNamed(tx, { field: 'team_id', entity: TeamRow, id_column: 'team_id' }, [team_id]);
  },
  async changed(tx, { id, changes }) {
    if ('timers' in changes) await lookAtOpenSessions(tx, 'channel_id', id);
  },
  // By its visitors, whose key begins with the channel: a session is always in the channel of its visitor.
  uses: {
    sessions: `SELECT s.session_id FROM visitors v JOIN sessions s ON s.visitor_id = v.visitor_id
      WHERE v.channel_id = ? LIMIT 1 FOR UPDATE`,
  },
};
