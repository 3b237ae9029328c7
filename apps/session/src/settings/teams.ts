import { createTeamBody, type CreateTeamBody, updateTeamBody, type UpdateTeamBody } from '#libs/contracts';
import type { TeamId } from '#libs/protocol';
import { BusinessHoursRow, TeamRow } from '../database/entities.ts';
import type { Resource } from './resource.ts';
import { lookAtOpenSessions, requireNamed, rowsOf } from './settings.store.ts';

export const teams: Resource<UpdateTeamBody, CreateTeamBody> = {
  path: 'teams',
  noun: 'team',
  id: 'team_id',
  prefix: 'team',
  create: createTeamBody,
  update: updateTeamBody,
  rows: rowsOf(TeamRow, 'team_id'),
  as_agent: ['team_id', 'name', 'visibility', 'skills'],
  async check(tx, { business_hours_id }) {
    if (!business_hours_id) return;
    const named = { field: 'business_hours_id', entity: BusinessHoursRow, id_column: 'business_hours_id' };
    await requireNamed(tx, named, [business_hours_id]);
  },
  async changed(tx, { id, changes }) {
    const isTimed = 'first_reply_seconds' in changes || 'next_reply_seconds' in changes;
    if (isTimed) await lookAtOpenSessions(tx, 'team_id', id);
  },
  // Whoever puts something into a team holds the team's row while it does, but for one: a session that begins with the bot
  // takes the team of its channel without. The look waits for those that are just being inserted; and as long as the
  // channel names the team, the team is in use.
  uses: {
    channels: 'SELECT channel_id FROM channels WHERE team_id = ? LIMIT 1',
    agents: 'SELECT agent_id FROM team_members WHERE team_id = ? LIMIT 1',
    sessions: 'SELECT session_id FROM sessions WHERE team_id = ? LIMIT 1 FOR UPDATE',
  },
  movedTeams: (_manager, { id }) => [id as TeamId],
};
