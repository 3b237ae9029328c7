import type { DataSource, EntityManager } from 'typeorm';
import type { Session, SessionRoute, SessionState } from '#libs/contracts';
import type { AgentId, ChannelId, SessionId, TeamId, VisitorId } from '#libs/protocol';

/** One row of the read below; times are Dates, JSON columns text or values by server. */
export interface SessionReadRow {
  session_id: SessionId;
  state: SessionState;
  version: number;
  origin: Session['origin'];
  channel_id: ChannelId;
  team_id: TeamId;
  visitor_id: VisitorId;
  visitor_name: string | null;
  visitor_locale: string | null;
  agent_id: AgentId | null;
  agent_name: string | null;
  priority: number;
  skills: string | string[];
  language: string | null;
  category: string | null;
  previous_session_id: SessionId | null;
  opened_at: Date;
  enqueued_at: Date | null;
  assigned_at: Date | null;
  closed_at: Date | null;
  close_reason: string | null;
  rating: number | null;
  last_seq_id: string | number;
  /** The database's clock when this was read. */
  read_at: Date;
}

/** A session with the names people see and its head, which is read from the log by primary key, never from a projection. */
const READ = `SELECT s.session_id, s.state, s.version, s.origin, s.channel_id, s.team_id, s.visitor_id,
    v.name AS visitor_name, v.locale AS visitor_locale, s.agent_id, a.name AS agent_name, s.priority, s.skills, s.language,
    s.category, s.previous_session_id, s.opened_at, s.enqueued_at, s.assigned_at, s.closed_at, s.close_reason, s.rating,
    COALESCE((SELECT MAX(m.seq_id) FROM messages m WHERE m.session_id = s.session_id), 0) AS last_seq_id, NOW(6) AS read_at
  FROM sessions s JOIN visitors v ON v.visitor_id = s.visitor_id LEFT JOIN agents a ON a.agent_id = s.agent_id`;

export class SessionsStore {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  async find(session_id: string, tx: EntityManager = this.#dataSource.manager): Promise<SessionReadRow | undefined> {
    const [row] = await tx.query<SessionReadRow[]>(`${READ} WHERE s.session_id = ?`, [session_id]);
    return row;
  }

  /** Newest first; `where` is built of constants and placeholders only. */
  list(where: readonly string[], values: readonly unknown[], limit: number): Promise<SessionReadRow[]> {
    const condition = where.length > 0 ? `WHERE ${where.join(' AND ')}` : '';
    return this.#dataSource.query<SessionReadRow[]>(`${READ} ${condition} ORDER BY s.session_id DESC LIMIT ?`, [
      ...values,
      limit,
    ]);
  }

  /** The visitor's session that is not closed. */
  async findOpen(visitor_id: VisitorId): Promise<SessionReadRow | undefined> {
    const [row] = await this.list(['s.open_visitor_id = ?'], [visitor_id], 1);
    return row;
  }

  /** Takes the session's row lock for the rest of the transaction. */
  async lock(tx: EntityManager, session_id: string): Promise<SessionReadRow | undefined> {
    const [held] = await tx.query<{ session_id: string }[]>(
      'SELECT session_id FROM sessions WHERE session_id = ? FOR UPDATE',
      [session_id],
    );
    return held ? this.find(session_id, tx) : undefined;
  }

  async routes(session_ids: readonly string[]): Promise<Record<string, SessionRoute>> {
    if (session_ids.length === 0) return {};
    const rows = await this.#dataSource.query<SessionRoute[]>(
      `SELECT session_id, state, version, channel_id, team_id, visitor_id, agent_id FROM sessions WHERE session_id IN (?)`,
      [session_ids],
    );
    return Object.fromEntries(rows.map((row) => [row.session_id, { ...row }]));
  }
}

export function toSession(row: SessionReadRow): Session {
  return {
    session_id: row.session_id,
    state: row.state,
    version: row.version,
    origin: row.origin,
    channel_id: row.channel_id,
    team_id: row.team_id,
    visitor: { visitor_id: row.visitor_id, name: row.visitor_name },
    agent: row.agent_id ? { agent_id: row.agent_id, name: row.agent_name ?? '' } : null,
    priority: row.priority,
    skills: typeof row.skills === 'string' ? (JSON.parse(row.skills) as string[]) : row.skills,
    language: row.language,
    tags: [],
    category: row.category,
    last_seq_id: Number(row.last_seq_id),
    opened_at: row.opened_at.toISOString(),
    enqueued_at: row.enqueued_at?.toISOString() ?? null,
    assigned_at: row.assigned_at?.toISOString() ?? null,
    closed_at: row.closed_at?.toISOString() ?? null,
    close_reason: row.close_reason,
    rating: row.rating,
    previous_session_id: row.previous_session_id,
  };
}
