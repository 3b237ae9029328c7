import { agents } from './agents.ts';
import { businessHours } from './business-hours.ts';
import { channels } from './channels.ts';
import type { Resource } from './resource.ts';
import { teams } from './teams.ts';

/** All that admins set. */
export const resources: readonly Resource[] = [agents, businessHours, channels, teams];
