import type { DataSource, EntityManager } from 'typeorm';
import { type QueueItem, type QueueQuery, Refusal } from '#libs/contracts';
import { type Caller, canSuperviseSession } from '#libs/domain';
import { isId, type SessionId, type TeamId } from '#libs/protocol';
import { TeamRow } from '../database/entities.ts';
import { etaSeconds, type QueueStore } from './queue.store.ts';

/** Where a waiting session stands. */
export interface Place {
  position: number;
  eta_seconds: number | null;
}

/** A part of the queues. */
interface Page {
  items: QueueItem[];
  next_cursor: string | null;
}

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

  /**
   * Of all teams that the caller may look at, one queue behind the other, or of one.
   * @throws Refusal NOT_FOUND for a team that is none of them, VALIDATION_FAILED for a cursor that is not one of ours
   */
  async list({ cursor, limit }: QueueQuery, caller: Caller, team_id?: string): Promise<Page> {
    const known = await this.#teamsOf(caller);
    const asked = known.filter((id) => team_id === undefined || id === team_id);
    if (team_id !== undefined && asked.length === 0) throw new Refusal('NOT_FOUND');
    const from = cursor === undefined ? undefined : readCursor(cursor);
    const items: QueueItem[] = [];
    // A team that is gone since the last page is passed over; the next one begins at its front.
    for (const id of asked.filter((one) => from === undefined || one >= from.team_id)) {
      const offset = id === from?.team_id ? from.offset : 0;
      // One more than asked for tells whether there is a next page.
      items.push(...(await this.#read(id, offset, limit + 1 - items.length)));
      if (items.length > limit) break;
    }
    const page = items.slice(0, limit);
    const last = items.length > limit ? page.at(-1) : undefined;
    return { items: page, next_cursor: last ? `${last.team_id}:${last.position}` : null };
  }

  async #read(team_id: TeamId, offset: number, limit: number): Promise<QueueItem[]> {
    const { manager } = this.#dataSource;
    const [waiting, rate] = await Promise.all([
      this.#store.readWaiting(manager, team_id, { limit, offset }),
      this.#store.readRate(manager, team_id),
    ]);
    return waiting.map((one, index) => {
      const position = offset + index + 1;
      return {
        session_id: one.session_id,
        team_id,
        position,
        priority: one.priority,
        enqueued_at: one.enqueued_at.toISOString(),
        waited_seconds: one.waited_seconds,
        eta_seconds: etaSeconds(position, rate),
        visitor: { visitor_id: one.visitor_id, name: one.visitor_name },
      };
    });
  }

  async #teamsOf(caller: Caller): Promise<TeamId[]> {
    const all = await this.#dataSource.manager.find(TeamRow, { select: { team_id: true }, order: { team_id: 'ASC' } });
    const team_ids = all.map((team) => team.team_id);
    if (caller.kind === 'key') return team_ids;
    if (caller.kind === 'visitor') return [];
    return team_ids.filter((id) => caller.team_ids.includes(id) || canSuperviseSession(caller, { team_id: id }));
  }
}

/** The team, and how many of its queue were on the pages before. @throws Refusal VALIDATION_FAILED */
function readCursor(cursor: string): { team_id: string; offset: number } {
  const [, team_id = '', offset = ''] = /^([^:]+):(\d{1,9})$/.exec(cursor) ?? [];
  if (isId('team', team_id)) return { team_id, offset: Number(offset) };
  throw new Refusal('VALIDATION_FAILED', { detail: 'cursor: not one of ours' });
}
