import { hash as hashPassword } from '@node-rs/argon2';
import type { EntityManager } from 'typeorm';
import { createAgentBody, type CreateAgentBody, Refusal, updateAgentBody, type UpdateAgentBody } from '#libs/contracts';
import type { TeamId } from '#libs/protocol';
import { AgentRow, TeamMemberRow, TeamRow } from '../database/entities.ts';
import { isDuplicate } from '../database/transact.ts';
import { endRefreshTokens } from '../people/sign-in.ts';
import type { Resource, Rows, Thing } from './resource.ts';
import { requireNamed, rowsOf } from './settings.store.ts';

/** What an agent has who was just made and has not chosen anything. */
const BEGINNING = { locale: 'en', status: 'away', active: 0 };
/** What may bring the agent sessions that nobody else could have. */
const openings = ['capacity', 'team_ids', 'skills', 'languages', 'disabled'];

/** An admin's change, or the agent's own of what is the agent's to choose. */
type UpdateAgent = UpdateAgentBody & { locale?: string | undefined };

const plain = rowsOf(AgentRow, 'agent_id');

const rows: Rows = {
  ...plain,
  async find(tx, which) {
    const found = await plain.find(tx, which);
    const teamsOf = await readTeams(
      tx,
      found.map(({ agent_id }) => String(agent_id)),
    );
    return found.map((agent): Thing => ({ ...agent, team_ids: teamsOf.get(String(agent['agent_id'])) ?? [] }));
  },
  async insert(tx, agent_id, { team_ids, ...fields }) {
    await refuseTaken(plain.insert(tx, agent_id, { ...BEGINNING, ...fields }));
    await placeInTeams(tx, agent_id, team_ids as readonly TeamId[]);
  },
  async update(tx, agent_id, { team_ids, ...changes }, after) {
    await refuseTaken(plain.update(tx, agent_id, changes, after));
    if (team_ids !== undefined) await placeInTeams(tx, agent_id, team_ids as readonly TeamId[]);
    if ('password_hash' in changes) await unlock(tx, agent_id);
    // Access tokens are not looked up anywhere: those that are out run out by themselves, within a quarter of an hour. So
    // long the agent still is who the token says, also after a change of role or teams.
    if ('password_hash' in changes || changes['disabled'] === true) await endRefreshTokens(tx, agent_id);
  },
};

/** People are never deleted: what they wrote and did keeps their names. */
export const agents: Resource<UpdateAgent, CreateAgentBody> = {
  path: 'agents',
  noun: 'agent',
  id: 'agent_id',
  prefix: 'agt',
  create: createAgentBody,
  update: updateAgentBody,
  rows,
  as_agent: ['agent_id', 'name', 'role', 'status', 'team_ids', 'skills', 'languages', 'active', 'capacity', 'disabled'],
  async prepare({ password, team_ids, ...fields }) {
    return {
      ...fields,
      ...(team_ids && { team_ids: [...new Set(team_ids)].toSorted() }),
      ...(password !== undefined && { password_hash: await hashPassword(password) }),
    };
  },
  async check(tx, { team_ids = [], role, disabled }, agent_id) {
    await requireNamed(tx, { field: 'team_ids', entity: TeamRow, id_column: 'team_id' }, team_ids);
    const endsAdmin = disabled === true || (role !== undefined && role !== 'admin');
    if (agent_id !== undefined && endsAdmin) await requireOtherAdmin(tx, agent_id);
  },
  movedTeams(_manager, { changes, after }) {
    return openings.some((name) => name in changes) ? (after['team_ids'] as TeamId[]) : [];
  },
};

async function readTeams(tx: EntityManager, agent_ids: readonly string[]): Promise<Map<string, TeamId[]>> {
  if (agent_ids.length === 0) return new Map();
  const members = await tx.query<TeamMemberRow[]>(
    'SELECT agent_id, team_id FROM team_members WHERE agent_id IN (?) ORDER BY team_id',
    [agent_ids],
  );
  const teams = Map.groupBy(members, ({ agent_id }): string => agent_id);
  return new Map([...teams].map(([agent_id, own]) => [agent_id, own.map(({ team_id }) => team_id)]));
}

async function placeInTeams(tx: EntityManager, agent_id: string, team_ids: readonly TeamId[]): Promise<void> {
  await tx.query('DELETE FROM team_members WHERE agent_id = ?', [agent_id]);
  if (team_ids.length === 0) return;
  await tx.query('INSERT INTO team_members (team_id, agent_id) VALUES ?', [
    team_ids.map((team_id) => [team_id, agent_id]),
  ]);
}

/** The wrong passwords were those of the former one. */
async function unlock(tx: EntityManager, agent_id: string): Promise<void> {
  await tx.query('UPDATE agents SET failed_logins = 0, locked_until = NULL WHERE agent_id = ?', [agent_id]);
}

/**
 * Somebody must be left who can change settings. All admins are held, in one order: of two who take each other's role at
 * once the second sees what the first has done.
 * @throws Refusal CONFLICT
 */
async function requireOtherAdmin(tx: EntityManager, agent_id: string): Promise<void> {
  const known = await tx.query<{ agent_id: string }[]>("SELECT agent_id FROM agents WHERE role = 'admin'");
  if (known.length === 0) return;
  const admins = await tx.query<{ agent_id: string }[]>(
    `SELECT agent_id FROM agents WHERE agent_id IN (?) AND role = 'admin' AND disabled = 0 ORDER BY agent_id FOR UPDATE`,
    [known.map((admin) => admin.agent_id)],
  );
  if (admins.some((admin) => admin.agent_id !== agent_id) || admins.length === 0) return;
  throw new Refusal('CONFLICT', { detail: 'the last admin stays one' });
}

async function refuseTaken(writing: Promise<void>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    if (isDuplicate(error, 'username')) throw new Refusal('CONFLICT', { detail: 'username is taken' });
    throw error;
  }
}
