/**
 * The queue: gives waiting sessions to agents, first come first served within a priority.
 *
 * Guarantees: nobody above capacity (guarded increment), no session to two agents (its row lock and version), no overtaking
 * within a priority: a team is drained under its row lock, one assignment a transaction, by as many replicas as there are.
 *
 * Lifecycle: `kick` after whatever may free or fill a queue; one drain a team at a time in a process; a sweep each 10 s is
 * only the safety net, for kicks of replicas that died.
 */
import type { DataSource, EntityManager } from 'typeorm';
import type { Logger } from '#libs/observability';
import { transact } from '../database/transact.ts';
import type { SessionsStore } from '../lifecycle/sessions.store.ts';
import { NOW, type Transitions } from '../lifecycle/transitions.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { holdSlot } from './slots.ts';

const SWEEP_MS = 10_000;
const ENGINE = { id: 'engine' };

export class Queue {
  readonly #dataSource: DataSource;
  readonly #sessions: SessionsStore;
  readonly #transitions: Transitions;
  readonly #outbox: Outbox;
  readonly #log: Logger;
  readonly #draining = new Map<string, Promise<void>>();
  readonly #dirty = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(
    dataSource: DataSource,
    {
      sessions,
      transitions,
      outbox,
      log,
    }: { sessions: SessionsStore; transitions: Transitions; outbox: Outbox; log: Logger },
  ) {
    this.#dataSource = dataSource;
    this.#sessions = sessions;
    this.#transitions = transitions;
    this.#outbox = outbox;
    this.#log = log;
  }

  /** Drains the team's queue soon; kicks during a drain make it look once more. */
  kick(team_id: string): void {
    if (this.#stopped) return;
    this.#dirty.add(team_id);
    if (this.#draining.has(team_id)) return;
    const drain = this.#drain(team_id).finally(() => this.#draining.delete(team_id));
    this.#draining.set(team_id, drain);
  }

  start(): void {
    this.#timer = setInterval(() => void this.#sweep(), SWEEP_MS);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await Promise.all(this.#draining.values());
  }

  async #sweep(): Promise<void> {
    try {
      const teams = await this.#dataSource.query<{ team_id: string }[]>(
        "SELECT DISTINCT team_id FROM sessions WHERE state = 'waiting'",
      );
      for (const { team_id } of teams) this.kick(team_id);
    } catch (err) {
      this.#log.warn({ err }, 'the queues could not be swept');
    }
  }

  async #drain(team_id: string): Promise<void> {
    try {
      while (this.#dirty.delete(team_id)) {
        while (!this.#stopped && (await transact(this.#dataSource, (tx) => this.#assignNext(tx, team_id)))) {
          this.#outbox.kick();
        }
      }
    } catch (err) {
      this.#log.warn({ err, team_id }, 'the queue could not be drained');
    }
  }

  async #assignNext(tx: EntityManager, team_id: string): Promise<boolean> {
    await tx.query('SELECT team_id FROM teams WHERE team_id = ? FOR UPDATE', [team_id]);
    const [next] = await tx.query<{ session_id: string }[]>(
      `SELECT session_id FROM sessions WHERE team_id = ? AND state = 'waiting'
       ORDER BY priority DESC, enqueued_at, session_id LIMIT 1`,
      [team_id],
    );
    if (!next) return false;
    const [agent] = await tx.query<{ agent_id: string }[]>(
      `SELECT a.agent_id FROM agents a JOIN team_members t ON t.agent_id = a.agent_id
       WHERE t.team_id = ? AND a.status = 'online' AND a.disabled = 0 AND a.active < a.capacity
       ORDER BY a.active / a.capacity, a.last_assigned_at, a.agent_id LIMIT 1`,
      [team_id],
    );
    if (!agent) return false;
    const row = await this.#sessions.lock(tx, next.session_id);
    if (row?.state !== 'waiting') return true;
    await this.#transitions.apply(tx, row, 'assign', { agent_id: agent.agent_id, assigned_at: NOW }, ENGINE);
    // Lost to another team's drain in between: this assignment is undone and the next agent is looked for.
    if (!(await holdSlot(tx, agent.agent_id, { onlyOnline: true }))) throw new SlotLost();
    return true;
  }
}

class SlotLost extends Error {
  /** Read by `transact`: as retryable as a lock wait that timed out. */
  readonly errno = 1205;
}
