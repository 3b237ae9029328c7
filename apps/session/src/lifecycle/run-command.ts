import type { DataSource, EntityManager } from 'typeorm';
import { Refusal } from '#libs/contracts';
import { type Caller, canReadSession, canRunSession } from '#libs/domain';
import type { AgentId } from '#libs/protocol';
import { TeamMemberRow } from '../database/entities.ts';
import { transact } from '../database/transact.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { holdSlot, releaseSlot } from '../queue/slots.ts';
import type { Queue } from '../queue/queue.ts';
import { type SessionReadRow, SessionsStore } from './sessions.store.ts';
import { type Actor, NOW, type Transitions } from './transitions.ts';

/** The commands people and programs give to one session. */
export class RunCommand {
  readonly #dataSource: DataSource;
  readonly #sessions: SessionsStore;
  readonly #transitions: Transitions;
  readonly #outbox: Outbox;
  readonly #queue: Queue;

  constructor(
    dataSource: DataSource,
    sessions: SessionsStore,
    transitions: Transitions,
    { outbox, queue }: { outbox: Outbox; queue: Queue },
  ) {
    this.#dataSource = dataSource;
    this.#sessions = sessions;
    this.#transitions = transitions;
    this.#outbox = outbox;
    this.#queue = queue;
  }

  requestHuman(session_id: string, caller: Caller, by: Actor): Promise<SessionReadRow> {
    return this.#run(session_id, caller, { entersQueue: true }, async (tx, row) => {
      if (!canRunSession(caller, row)) throw new Refusal('FORBIDDEN');
      return this.#transitions.apply(tx, row, 'request_human', { enqueued_at: row.enqueued_at ?? NOW }, by);
    });
  }

  /** By hand, also while busy or away. Accepting what one serves already changes nothing. */
  accept(session_id: string, caller: Caller, by: Actor): Promise<SessionReadRow> {
    return this.#run(session_id, caller, { isForTeam: true }, async (tx, row) => {
      if (caller.kind !== 'agent') throw new Refusal('FORBIDDEN');
      const { agent_id } = caller;
      if (row.state === 'serving' && row.agent_id === agent_id) return row;
      const after = await this.#transitions.apply(tx, row, 'assign', { agent_id, assigned_at: NOW }, by);
      if (!(await holdSlot(tx, agent_id))) throw new Refusal('AGENT_FULL');
      return after;
    });
  }

  async close(
    session_id: string,
    caller: Caller,
    by: Actor,
    { reason, category }: { reason?: string | undefined; category?: string | undefined } = {},
  ): Promise<SessionReadRow> {
    const after = await this.#run(session_id, caller, {}, async (tx, row) => {
      if (!canRunSession(caller, row)) throw new Refusal('FORBIDDEN');
      const ending = { closed_at: NOW, close_reason: reason ?? caller.kind, category: category ?? row.category };
      const after = await this.#transitions.apply(tx, row, 'close', { ...ending, open_visitor_id: null }, by);
      if (row.agent_id) await releaseSlot(tx, row.agent_id);
      return after;
    });
    if (after.agent_id) await this.#kickTeamsOf(after.agent_id);
    return after;
  }

  /** A slot that is free now is free for all teams of its agent. */
  async #kickTeamsOf(agent_id: string): Promise<void> {
    const teams = await this.#dataSource.manager.findBy(TeamMemberRow, { agent_id: agent_id as AgentId });
    for (const { team_id } of teams) this.#queue.kick(team_id);
  }

  async #run(
    session_id: string,
    caller: Caller,
    { entersQueue = false, isForTeam = false }: { entersQueue?: boolean; isForTeam?: boolean },
    act: (tx: EntityManager, row: SessionReadRow) => Promise<SessionReadRow>,
  ): Promise<SessionReadRow> {
    const after = await transact(this.#dataSource, async (tx) => {
      const known = await this.#sessions.find(session_id, tx);
      // Who lost the race for a session of its team is told so, though it may not read it any more.
      const isOfTeam = isForTeam && known && caller.kind === 'agent' && caller.team_ids.includes(known.team_id);
      if (!known || !(isOfTeam || canReadSession(caller, known, 'sessions:write'))) throw new Refusal('NOT_FOUND');
      // Team before session: who enters a queue stands in line with the engine.
      if (entersQueue) await tx.query('SELECT team_id FROM teams WHERE team_id = ? FOR UPDATE', [known.team_id]);
      const row = await this.#sessions.lock(tx, session_id);
      if (!row) throw new Refusal('NOT_FOUND');
      return act(tx, row);
    });
    this.#outbox.kick();
    this.#queue.kick(after.team_id);
    return after;
  }
}
