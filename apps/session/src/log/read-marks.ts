import type { DataSource, EntityManager } from 'typeorm';
import { Refusal, type SessionRoute, type Signal, topics } from '#libs/contracts';
import { type Caller, canMarkRead, idOf, type SeenPlace } from '#libs/domain';
import { isId } from '#libs/protocol';
import { VisitorRow } from '../database/entities.ts';
import { isDuplicate } from '../database/transact.ts';
import { NO_WORDS } from './words.ts';

type MarkedSession = SeenPlace & Pick<SessionRoute, 'session_id'>;

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

/** Unread words of closed sessions count so long. */
const LATELY_DAYS = 7;

/** How far readers have read. A mark only moves forward, and never past the head. */
export class ReadMarks {
  readonly #dataSource: DataSource;
  readonly #signal: Signalling;

  constructor(dataSource: DataSource, signal: Signalling) {
    this.#dataSource = dataSource;
    this.#signal = signal;
  }

  /** @throws Refusal NOT_FOUND for who may keep no mark there, VALIDATION_FAILED beyond the head. */
  async move(session: MarkedSession, caller: Caller, seq_id: number): Promise<void> {
    if (!canMarkRead(caller, session)) throw new Refusal('NOT_FOUND');
    const { session_id } = session;
    const reader = idOf(caller);
    const [head] = await this.#dataSource.query<{ last: string | number | null }[]>(
      'SELECT MAX(seq_id) AS last FROM messages WHERE session_id = ?',
      [session_id],
    );
    if (seq_id > Number(head?.last ?? 0))
      throw new Refusal('VALIDATION_FAILED', { detail: 'seq_id: beyond the last message' });
    if (!(await this.#moveForward(session_id, reader, seq_id))) return;
    // A signal may be lost: the mark stands, whatever becomes of it.
    const signal: Signal = { type: 'read', session_id, reader, seq_id };
    void this.#signal(topics.signals.name, session_id, signal).catch(() => undefined);
  }

  /** Whether the mark stood behind this number. */
  async #moveForward(session_id: string, reader: string, seq_id: number): Promise<boolean> {
    const forward = await this.#dataSource.query<{ affectedRows: number }>(
      'UPDATE read_marks SET seq_id = ?, updated_at = NOW(6) WHERE session_id = ? AND reader = ? AND seq_id < ?',
      [seq_id, session_id, reader, seq_id],
    );
    if (forward.affectedRows > 0) return true;
    try {
      await this.#dataSource.query(
        'INSERT INTO read_marks (session_id, reader, seq_id, updated_at) VALUES (?, ?, ?, NOW(6))',
        [session_id, reader, seq_id],
      );
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  }

  /** The readers behind an integrator's user id (one in each of its channels), a `vis_…` or an `agt_…`. */
  async findReaders(user_id: string): Promise<string[]> {
    if (!isId('agt', user_id) && !isId('vis', user_id)) {
      return (await this.#dataSource.manager.findBy(VisitorRow, { user_id })).map((row) => row.visitor_id);
    }
    const [table, column] = isId('agt', user_id) ? ['agents', 'agent_id'] : ['visitors', 'visitor_id'];
    const [row] = await this.#dataSource.query<unknown[]>(`SELECT 1 FROM ${table} WHERE ${column} = ?`, [user_id]);
    return row ? [user_id] : [];
  }

  /** Messages of the other side behind the reader's mark; system lines are not counted. */
  async unread(
    reader: string,
    session_ids: readonly string[],
    tx: EntityManager = this.#dataSource.manager,
  ): Promise<Map<string, number>> {
    const rows = await this.#read(reader, session_ids, tx);
    return new Map(rows.map((row) => [row.session_id, row.unread_count]));
  }

  /** Of a visitor's or agent's sessions that are open or were closed lately: an answer may come right before the end. */
  async unreadOf(reader: string): Promise<Unread[]> {
    const column = isId('agt', reader) ? 'agent_id' : 'visitor_id';
    const rows = await this.#dataSource.query<{ session_id: string }[]>(
      `SELECT session_id FROM sessions
       WHERE ${column} = ? AND (closed_at IS NULL OR closed_at > NOW(6) - INTERVAL ${LATELY_DAYS} DAY)`,
      [reader],
    );
    return this.#read(
      reader,
      rows.map((row) => row.session_id),
    );
  }

  async #read(
    reader: string,
    session_ids: readonly string[],
    tx: EntityManager = this.#dataSource.manager,
  ): Promise<Unread[]> {
    if (session_ids.length === 0) return [];
    const own = isId('agt', reader) ? ['agent', 'bot', 'api', 'system'] : ['visitor'];
    const rows = await tx.query<UnreadRow[]>(
      `SELECT s.session_id,
         (SELECT COUNT(*) FROM messages m WHERE m.session_id = s.session_id
            AND m.seq_id > COALESCE((SELECT r.seq_id FROM read_marks r WHERE r.session_id = s.session_id AND r.reader = ?), 0)
            AND m.sender_role NOT IN (?) AND m.type NOT IN ${NO_WORDS}) AS unread_count,
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
