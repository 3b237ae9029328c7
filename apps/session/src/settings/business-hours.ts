import {
  createBusinessHoursBody,
  type CreateBusinessHoursBody,
  updateBusinessHoursBody,
  type UpdateBusinessHoursBody,
} from '#libs/contracts';
import type { TeamId } from '#libs/protocol';
import { BusinessHoursRow } from '../database/entities.ts';
import type { Resource } from './resource.ts';
import { rowsOf } from './settings.store.ts';

export const businessHours: Resource<UpdateBusinessHoursBody, CreateBusinessHoursBody> = {
  path: 'business_hours',
  noun: 'business_hours',
  id: 'business_hours_id',
  prefix: 'hrs',
  create: createBusinessHoursBody,
  update: updateBusinessHoursBody,
  rows: rowsOf(BusinessHoursRow, 'business_hours_id'),
  uses: { teams: 'SELECT team_id FROM teams WHERE business_hours_id = ? LIMIT 1' },
  // What waits for its team to open may have nothing to wait for any more.
  async movedTeams(manager, { id }) {
    const keeping = await manager.query<{ team_id: TeamId }[]>(
      'SELECT team_id FROM teams WHERE business_hours_id = ?',
      [id],
    );
    return keeping.map(({ team_id }) => team_id);
  },
};
