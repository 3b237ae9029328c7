import type { DataSource, EntityManager } from 'typeorm';
import { type QueueItem, Refusal } from '#libs/contracts';
import { type Caller, canSuperviseSession } from '#libs/domain';
import type { SessionId, TeamId } from '#libs/protocol';
import { TeamRow } from '../database/entities.ts';
import { etaSeconds, type QueueStore } from './queue.store.ts';

/** Where a waiting session stands. */
export interface Place {
  position: number;
  eta_seconds: number | null;
}

const PAGE = 1_000;

/** The queues as people may look at them. */
export class ReadQueue {
  readonly #dataSource: DataSource;
  readonly #store: QueueStore;

  constructor(dataSource: DataSource, store: QueueStore) {
    this.#dataSource = dataSource;
    this.#store = store;
  }

  /** @param tx where the session was put into the queue, if that is not committed yet */
  async findPlace(
    session_id: SessionId,
    team_id: TeamId,
    tx: EntityManager = this.#dataSource.manager,
  ): Promise<Place | undefined> {
    const order = await this.#store.readOrder(tx, team_id);
    const position = order.findIndex((waiting) => waiting.session_id === session_id) + 1;
    if (position === 0) return undefined;
    return { position, eta_seconds: etaSeconds(position, await this.#store.readRate(tx, team_id)) };
  }

  /** Of all teams that the caller may look at, or of one. @throws Refusal NOT_FOUND for a team that is none of them */
  async list(caller: Caller, team_id?: string): Promise<{ items: QueueItem[] }> {
    const mine = await this.#teamsOf(caller);
    if (team_id !== undefined && !mine.some((known) => known === team_id)) throw new Refusal('NOT_FOUND');
    const items: QueueItem[] = [];
    for (const known of mine) if (team_id === undefined || known === team_id) items.push(...(await this.#read(known)));
    return { items };
  }

  async #read(team_id: TeamId): Promise<QueueItem[]> {
    const { manager } = this.#dataSource;
    const [waiting, rate] = await Promise.all([
      this.#store.readWaiting(manager, team_id, PAGE),
      this.#store.readRate(manager, team_id),
    ]);
    return waiting.map((one, index) => ({
      session_id: one.session_id,
      team_id,
      position: index + 1,
      priority: one.priority,
      enqueued_at: one.enqueued_at.toISOString(),
      waited_seconds: one.waited_seconds,
      eta_seconds: etaSeconds(index + 1, rate),
      visitor: { visitor_id: one.visitor_id, name: one.visitor_name },
    }));
  }

  async #teamsOf(caller: Caller): Promise<TeamId[]> {
    const all = await this.#dataSource.manager.find(TeamRow, { select: { team_id: true }, order: { team_id: 'ASC' } });
    const team_ids = all.map((team) => team.team_id);
    if (caller.kind === 'key') return team_ids;
    if (caller.kind === 'visitor') return [];
    return team_ids.filter((id) => caller.team_ids.includes(id) || canSuperviseSession(caller, { team_id: id }));
  }
}
