import { randomBytes } from 'node:crypto';
import { createChannelBody, type CreateChannelBody, updateChannelBody, type UpdateChannelBody } from '#libs/contracts';
import { ChannelRow, TeamRow } from '../database/entities.ts';
import { channelSettings, channelSettingsOf } from './channel-settings.ts';
import { pick } from './changes.ts';
import type { Fields, Resource, Rows } from './resource.ts';
import { lookAtOpenSessions, requireNamed, rowsOf } from './settings.store.ts';

const SECRET_BYTES = 32;

const plain = rowsOf(ChannelRow, 'channel_id', {
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

const rows: Rows = {
  ...plain,
  async remove(tx, id) {
    // Without a session they have left nothing but what the widget sent of them when it was started.
    await tx.query('DELETE FROM visitors WHERE channel_id = ?', [id]);
    await plain.remove(tx, id);
  },
};

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
