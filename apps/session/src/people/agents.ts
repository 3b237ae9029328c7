import { LRUCache } from 'lru-cache';
import type { DataSource, EntityManager } from 'typeorm';
import { type AgentStatus, type AgentStatusEvent, Refusal } from '#libs/contracts';
import type { AgentId, TeamId } from '#libs/protocol';
import { TeamMemberRow } from '../database/entities.ts';
import { newId } from '../database/ids.ts';
import { transact } from '../database/transact.ts';
import { type Actor, writeAudit } from '../lifecycle/audit.ts';
import { eventRow } from '../outbox/event-row.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Queue } from '../queue/queue.ts';

const MOST_AGENTS = 20_000;
/** A call counts as a sign of life for 30 s, and a poll is held for up to 25 s: what is not noted has to be short. */
const SEEN_AGAIN_MS = 2_000;

interface StatusRules {
  /** Whether it shows that the agent is here; true unless said otherwise. */
  isSign?: boolean;
  /** Asked under the agent's row lock; nothing is set when it says no. */
  onlyIf?: (tx: EntityManager) => Promise<boolean>;
}

/** Agents at work: what status they chose, and whether they are here. Who there is, is set in settings/. */
export class Agents {
  readonly #dataSource: DataSource;
  readonly #outbox: Outbox;
  readonly #queue: Queue;
  readonly #seen = new LRUCache<AgentId, true>({ max: MOST_AGENTS, ttl: SEEN_AGAIN_MS });

  constructor(dataSource: DataSource, outbox: Outbox, queue: Queue) {
    this.#dataSource = dataSource;
    this.#outbox = outbox;
    this.#queue = queue;
  }

  /** As `setStatusIn`, in a transaction of its own. */
  async setStatus(
    agent_id: AgentId,
    status: AgentStatus,
    reason: string | undefined,
    by: Actor,
    rules?: StatusRules,
  ): Promise<void> {
    await transact(this.#dataSource, (tx) => this.setStatusIn(tx, agent_id, status, reason, by, rules));
    await this.noteStatusSet(agent_id, status);
  }

  /**
   * The status that the agent chose, or was given; a change is an event and a line of the agent's timeline. Whose
   * transaction it is calls `noteStatusSet` after the commit, or kicks the outbox where nobody comes online.
   */
  async setStatusIn(
    tx: EntityManager,
    agent_id: AgentId,
    status: AgentStatus,
    reason: string | undefined,
    by: Actor,
    { isSign = true, onlyIf }: StatusRules = {},
  ): Promise<void> {
    const [before] = await tx.query<{ status: AgentStatus }[]>(
      'SELECT status FROM agents WHERE agent_id = ? FOR UPDATE',
      [agent_id],
    );
    if (!before) throw new Refusal('NOT_FOUND');
    if (onlyIf && !(await onlyIf(tx))) return;
    if (isSign) await markSeen(tx, agent_id);
    if (before.status === status) return;
    await tx.query('UPDATE agents SET status = ?, updated_at = NOW(6) WHERE agent_id = ?', [status, agent_id]);
    await tx.query('INSERT INTO agent_statuses (agent_id, status, reason, set_by) VALUES (?, ?, ?, ?)', [
      agent_id,
      status,
      reason ?? null,
      by.id,
    ]);
    const team_ids = await teamIdsOf(tx, agent_id);
    const data = { agent_id, status, previous_status: before.status, reason: reason ?? null, team_ids };
    await this.#outbox.add(tx, [eventRow(statusEvent(data))]);
    await writeAudit(tx, by, 'agent.status', agent_id, before, { status, reason });
  }

  /** Sends what is committed, and drains the queues of who came online. Never rejects. */
  async noteStatusSet(agent_id: AgentId, status: AgentStatus): Promise<void> {
    this.#outbox.kick();
    if (status === 'online') await this.#queue.kickTeamsOf(agent_id);
  }

  /**
   * Agents who have just connected are here at once, before a look at their leases finds them; what they can be given now is
   * looked for.
   */
  async noteConnected(agent_ids: readonly AgentId[]): Promise<void> {
    if (agent_ids.length === 0) return;
    const absent = await this.#dataSource.query<{ agent_id: AgentId }[]>(
      'SELECT agent_id FROM agents WHERE agent_id IN (?) AND absent_since IS NOT NULL',
      [agent_ids],
    );
    const came = absent.map(({ agent_id }) => agent_id);
    if (came.length === 0) return;
    await this.#dataSource.query('UPDATE agents SET absent_since = NULL WHERE agent_id IN (?)', [came]);
    for (const agent_id of came) await this.#queue.kickTeamsOf(agent_id);
  }

  /** A call shows that its agent is here, for clients without a socket; noted at most each few seconds. */
  async noteSeen(agent_id: AgentId): Promise<void> {
    if (this.#seen.has(agent_id)) return;
    this.#seen.set(agent_id, true);
    await this.#dataSource.query('UPDATE agents SET seen_at = NOW(6) WHERE agent_id = ?', [agent_id]);
    await this.noteConnected([agent_id]);
  }
}

async function markSeen(tx: EntityManager, agent_id: AgentId): Promise<void> {
  await tx.query('UPDATE agents SET seen_at = NOW(6), absent_since = NULL WHERE agent_id = ?', [agent_id]);
}

async function teamIdsOf(tx: EntityManager, agent_id: AgentId): Promise<TeamId[]> {
  const rows = await tx.findBy(TeamMemberRow, { agent_id });
  return rows.map((row) => row.team_id).toSorted();
}

function statusEvent(data: AgentStatusEvent['data']): AgentStatusEvent {
  return { event_id: newId('evt'), type: 'agent.status_changed', occurred_at: new Date().toISOString(), data };
}
