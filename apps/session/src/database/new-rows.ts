import type { AgentRole } from '#libs/contracts';
import type { TeamId } from '#libs/protocol';
import type { AgentRow, ApiKeyRow, ChannelRow, TeamRow } from './entities.ts';
import { newId } from './ids.ts';

/** Rows of the programs that put people and settings in place, with a new id and what nobody has chosen. */
export function newAgentRow(chosen: {
  username: string;
  name: string;
  role: AgentRole;
  password_hash: string;
}): AgentRow {
  return {
    ...chosen,
    agent_id: newId('agt'),
    email: null,
    locale: 'en',
    skills: [],
    languages: [],
    status: 'away',
    capacity: 8,
    active: 0,
    disabled: false,
    ...madeNow(),
  };
}

export function newTeamRow(name: string): TeamRow {
  return {
    team_id: newId('team'),
    name,
    strategy: 'least_loaded',
    visibility: 'own',
    business_hours_id: null,
    skills: [],
    ageing_seconds: 120,
    offer_seconds: 30,
    first_reply_seconds: null,
    next_reply_seconds: null,
    ...madeNow(),
  };
}

export function newChannelRow(chosen: { name: string; team_id: TeamId; identity_secret_encrypted: string }) {
  return {
    ...chosen,
    channel_id: newId('chn'),
    bot: 'none',
    identity: 'optional',
    allowed_origins: [],
    settings: {},
    ...madeNow(),
  } satisfies ChannelRow;
}

/** A key with every scope that never expires. */
export function newApiKeyRow(chosen: { name: string; key_hash: string; sender_names: string[] }): ApiKeyRow {
  return { ...chosen, key_id: newId('key'), scopes: ALL_SCOPES, expires_at: null, created_at: new Date() };
}

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

function madeNow(): { created_at: Date; updated_at: Date } {
  const now = new Date();
  return { created_at: now, updated_at: now };
}
