import { hash as hashPassword } from '@node-rs/argon2';
import type { DataSource } from 'typeorm';
import {
  type AgentStatus,
  type AgentStatusEvent,
  type CreateAgentBody,
  dataSchemas,
  Refusal,
  topics,
} from '#libs/contracts';
import { cloudEventHeaders } from '#libs/kafka';
import type { AgentId, TeamId } from '#libs/protocol';
import { AgentRow, TeamMemberRow, TeamRow } from '../database/entities.ts';
import { newId } from '../database/ids.ts';
import { isDuplicate, transact } from '../database/transact.ts';
import { type Actor, writeAudit } from '../lifecycle/transitions.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Queue } from '../queue/queue.ts';

export interface AgentView extends Omit<AgentRow, 'password_hash' | 'created_at' | 'updated_at'> {
  team_ids: TeamId[];
  created_at: string;
  updated_at: string;
}

/** People: who there is, and what status they chose. */
export class Agents {
  readonly #dataSource: DataSource;
  readonly #outbox: Outbox;
  readonly #queue: Queue;

  constructor(dataSource: DataSource, outbox: Outbox, queue: Queue) {
    this.#dataSource = dataSource;
    this.#outbox = outbox;
    this.#queue = queue;
  }

  /** @throws Refusal CONFLICT when the username is taken, VALIDATION_FAILED for an unknown team. */
  async create({ password, team_ids, ...fields }: CreateAgentBody, by: Actor): Promise<AgentView> {
    const agent_id = newId('agt');
    const password_hash = await hashPassword(password);
    try {
      await transact(this.#dataSource, async (tx) => {
        for (const team_id of team_ids) {
          if (await tx.existsBy(TeamRow, { team_id })) continue;
          throw new Refusal('VALIDATION_FAILED', { detail: 'team_ids: no such team' });
        }
        const now = new Date();
        const row = {
          email: null,
          locale: 'en',
          ...fields,
          agent_id,
          password_hash,
          status: 'away',
          active: 0,
        } as const;
        await tx.insert(AgentRow, { ...row, email: fields.email ?? null, created_at: now, updated_at: now });
        if (team_ids.length > 0)
          await tx.insert(
            TeamMemberRow,
            team_ids.map((team_id) => ({ team_id, agent_id })),
          );
        await writeAudit(tx, by, 'agent.create', agent_id, null, { ...fields, team_ids });
      });
    } catch (error) {
      if (isDuplicate(error)) throw new Refusal('CONFLICT', { detail: 'username is taken' });
      throw error;
    }
    return this.get(agent_id);
  }

  async get(agent_id: AgentId): Promise<AgentView> {
    const row = await this.#dataSource.manager.findOneBy(AgentRow, { agent_id });
    if (!row) throw new Refusal('NOT_FOUND');
    return { ...toView(row), team_ids: await this.#teamIds(agent_id) };
  }

  /** The status that the agent chose; a change is an event, and coming online drains the agent's queues. */
  async setStatus(agent_id: AgentId, status: AgentStatus, reason: string | undefined, by: Actor): Promise<void> {
    const team_ids = await this.#teamIds(agent_id);
    await transact(this.#dataSource, async (tx) => {
      const [before] = await tx.query<{ status: AgentStatus }[]>(
        'SELECT status FROM agents WHERE agent_id = ? FOR UPDATE',
        [agent_id],
      );
      if (!before) throw new Refusal('NOT_FOUND');
      if (before.status === status) return;
      await tx.query('UPDATE agents SET status = ?, updated_at = NOW(6) WHERE agent_id = ?', [status, agent_id]);
      const data = { agent_id, status, previous_status: before.status, reason: reason ?? null, team_ids };
      await this.#outbox.add(tx, [statusRow(data)]);
      await writeAudit(tx, by, 'agent.status', agent_id, before, { status, reason });
    });
    this.#outbox.kick();
    if (status === 'online') for (const team_id of team_ids) this.#queue.kick(team_id);
  }

  async update(
    agent_id: AgentId,
    fields: { name?: string | undefined; locale?: string | undefined },
    by: Actor,
  ): Promise<void> {
    const changes = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
    if (Object.keys(changes).length === 0) return;
    await transact(this.#dataSource, async (tx) => {
      await tx.update(AgentRow, { agent_id }, { ...changes, updated_at: new Date() });
      await writeAudit(tx, by, 'agent.update', agent_id, null, changes);
    });
  }

  async #teamIds(agent_id: AgentId): Promise<TeamId[]> {
    const rows = await this.#dataSource.manager.findBy(TeamMemberRow, { agent_id });
    return rows.map((row) => row.team_id).toSorted();
  }
}

function toView({ password_hash: _hash, created_at, updated_at, ...row }: AgentRow): Omit<AgentView, 'team_ids'> {
  return { ...row, created_at: created_at.toISOString(), updated_at: updated_at.toISOString() };
}

function statusRow(data: AgentStatusEvent['data']) {
  const event_id = newId('evt');
  const occurred_at = new Date().toISOString();
  const event: AgentStatusEvent = { event_id, type: 'agent.status_changed', occurred_at, data };
  const about = {
    id: event_id,
    type: event.type,
    source: 'seqdesk/session',
    time: occurred_at,
    subject: data.agent_id,
    dataschema: dataSchemas.event,
  } as const;
  return { topic: topics.events.name, record_key: data.agent_id, headers: cloudEventHeaders(about), value: event };
}
