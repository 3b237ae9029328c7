import { DataSource } from 'typeorm';
import type { Message, SessionState } from '#libs/contracts';
import type { AgentId, TeamId, VisitorId } from '#libs/protocol';
import { MESSAGE_COLUMN_LIST, type MessageRow, toMessage } from './message-row.ts';

/** What rights are decided on, read with the epoch that the answer will carry. */
export interface HistoryPlace {
  readonly state: SessionState;
  readonly team_id: TeamId;
  readonly visitor_id: VisitorId;
  readonly agent_id: AgentId | null;
  readonly log_epoch: number;
}

/** The log as people read it: by number, ascending, always committed rows. */
export class HistoryStore {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  /**
   * To be read before the rows: were the epoch read after them, rows of before a rewind could go out under the new epoch
   * and be kept; this way round rows of after it go out under the old one, and are dropped with it.
   */
  async findPlace(session_id: string): Promise<HistoryPlace | undefined> {
    const [row] = await this.#dataSource.query<(HistoryPlace & { log_epoch: string })[]>(
      `SELECT state, team_id, visitor_id, agent_id,
         (SELECT value FROM cluster_facts WHERE name = 'log_epoch') AS log_epoch
       FROM sessions WHERE session_id = ?`,
      [session_id],
    );
    return row && { ...row, log_epoch: Number(row.log_epoch) };
  }

  /** The next `limit` messages behind a number. */
  after(session_id: string, seq_id: number, limit: number): Promise<Message[]> {
    return this.#rows('session_id = ? AND seq_id > ? ORDER BY seq_id LIMIT ?', [session_id, seq_id, limit]);
  }

  /** The last `limit` messages before a number, ascending like all lists. */
  async before(session_id: string, seq_id: number, limit: number): Promise<Message[]> {
    const where = 'session_id = ? AND seq_id < ? ORDER BY seq_id DESC LIMIT ?';
    return (await this.#rows(where, [session_id, seq_id, limit])).toReversed();
  }

  async latest(session_id: string, limit: number): Promise<Message[]> {
    return (await this.#rows('session_id = ? ORDER BY seq_id DESC LIMIT ?', [session_id, limit])).toReversed();
  }

  /** The highest number of a session's log; 0 when it is empty. As numbers have no holes, it is the count as well. */
  async lastSeq(session_id: string): Promise<number> {
    return (await this.lastSeqs([session_id])).get(session_id) ?? 0;
  }

  /** Sessions with an empty log are missing. */
  async lastSeqs(session_ids: readonly string[]): Promise<Map<string, number>> {
    if (session_ids.length === 0) return new Map();
    const rows = await this.#dataSource.query<{ session_id: string; last_seq_id: string | number }[]>(
      'SELECT session_id, MAX(seq_id) AS last_seq_id FROM messages WHERE session_id IN (?) GROUP BY session_id',
      [session_ids],
    );
    return new Map(rows.map((row) => [row.session_id, Number(row.last_seq_id)]));
  }

  async find(message_id: string): Promise<Message | undefined> {
    const [message] = await this.#rows('message_id = ?', [message_id]);
    return message;
  }

  /** Whether it was a bot's answer that came too late. */
  async isDropped(message_id: string): Promise<boolean> {
    const rows = await this.#dataSource.query<unknown[]>('SELECT 1 FROM dropped_messages WHERE message_id = ?', [
      message_id,
    ]);
    return rows.length > 0;
  }

  async #rows(where: string, values: readonly unknown[]): Promise<Message[]> {
    const rows = await this.#dataSource.query<MessageRow[]>(
      `SELECT ${MESSAGE_COLUMN_LIST} FROM messages WHERE ${where}`,
      [...values],
    );
    return rows.map(toMessage);
  }
}
