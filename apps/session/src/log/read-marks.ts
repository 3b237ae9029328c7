import type { DataSource } from 'typeorm';
import { Refusal, type Signal, topics } from '#libs/contracts';
import { type AgentId, isId, type VisitorId } from '#libs/protocol';
import { VisitorRow } from '../database/entities.ts';

/** Sends a signal on its way; it may be lost. */
export type Signalling = (topic: string, key: string, value: Signal) => Promise<void>;

interface UnreadRow {
  session_id: string;
  unread_count: string | number;
  last_seq_id: string | number;
}

export interface Unread {
  session_id: string;
  unread_count: number;
  last_seq_id: number;
}

/** How far readers have read. A mark only moves forward, and never past the head. */
export class ReadMarks {
  readonly #dataSource: DataSource;
  readonly #signal: Signalling;

  constructor(dataSource: DataSource, signal: Signalling) {
    this.#dataSource = dataSource;
    this.#signal = signal;
  }

  /** @throws Refusal VALIDATION_FAILED beyond the head. */
  async move(session_id: string, reader: VisitorId | AgentId, seq_id: number): Promise<void> {
    const [head] = await this.#dataSource.query<{ last: string | number | null }[]>(
      'SELECT MAX(seq_id) AS last FROM messages WHERE session_id = ?',
      [session_id],
    );
    if (seq_id > Number(head?.last ?? 0))
      throw new Refusal('VALIDATION_FAILED', { detail: 'seq_id: beyond the last message' });
    await this.#dataSource.query(
      `INSERT INTO read_marks (session_id, reader, seq_id, updated_at) VALUES (?, ?, ?, NOW(6))
       ON DUPLICATE KEY UPDATE updated_at = IF(VALUES(seq_id) > seq_id, NOW(6), updated_at), seq_id = GREATEST(seq_id, VALUES(seq_id))`,
      [session_id, reader, seq_id],
    );
    await this.#signal(topics.signals.name, session_id, {
      type: 'read',
      session_id: session_id as never,
      reader,
      seq_id,
    });
  }

  /** The reader behind an integrator's user id, a `vis_…` or an `agt_…`. */
  async findReader(user_id: string): Promise<string | undefined> {
    if (!isId('agt', user_id) && !isId('vis', user_id)) {
      return (await this.#dataSource.manager.findOneBy(VisitorRow, { user_id }))?.visitor_id;
    }
    const [table, column] = isId('agt', user_id) ? ['agents', 'agent_id'] : ['visitors', 'visitor_id'];
    const [row] = await this.#dataSource.query<unknown[]>(`SELECT 1 FROM ${table} WHERE ${column} = ?`, [user_id]);
    return row ? user_id : undefined;
  }

  /** Messages of the other side behind the reader's mark; system lines are not counted. */
  async unread(reader: string, session_ids: readonly string[]): Promise<Map<string, number>> {
    const rows = await this.#read(reader, session_ids);
    return new Map(rows.map((row) => [row.session_id, row.unread_count]));
  }

  /** Of all open sessions of a visitor or agent. */
  async unreadOf(reader: string): Promise<Unread[]> {
    const column = isId('agt', reader) ? 'agent_id' : 'visitor_id';
    const rows = await this.#dataSource.query<{ session_id: string }[]>(
      `SELECT session_id FROM sessions WHERE ${column} = ? AND state <> 'closed'`,
      [reader],
    );
    return this.#read(
      reader,
      rows.map((row) => row.session_id),
    );
  }

  async #read(reader: string, session_ids: readonly string[]): Promise<Unread[]> {
    if (session_ids.length === 0) return [];
    const own = isId('agt', reader) ? ['agent', 'bot', 'api'] : ['visitor'];
    const rows = await this.#dataSource.query<UnreadRow[]>(
      `SELECT s.session_id,
         (SELECT COUNT(*) FROM messages m WHERE m.session_id = s.session_id
            AND m.seq_id > COALESCE((SELECT r.seq_id FROM read_marks r WHERE r.session_id = s.session_id AND r.reader = ?), 0)
            AND m.sender_role NOT IN (?) AND m.type <> 'system') AS unread_count,
         COALESCE((SELECT MAX(l.seq_id) FROM messages l WHERE l.session_id = s.session_id), 0) AS last_seq_id
       FROM sessions s WHERE s.session_id IN (?) ORDER BY s.session_id`,
      [reader, own, session_ids],
    );
    return rows.map((row) => ({
      session_id: row.session_id,
      unread_count: Number(row.unread_count),
      last_seq_id: Number(row.last_seq_id),
    }));
  }
}
