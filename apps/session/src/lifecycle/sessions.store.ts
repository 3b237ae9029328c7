import type { DataSource, EntityManager } from 'typeorm';
import type { Session, SessionRoute, SessionState, TeamVisibility } from '#libs/contracts';
import type { AgentId, ChannelId, SessionId, TeamId, VisitorId } from '#libs/protocol';
import { fromJson } from '../database/json.ts';

/** One row of the read below. */
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
  skills: string[];
  language: string | null;
  category: string | null;
  previous_session_id: SessionId | null;
  opened_at: Date;
  tags: string[];
  attributes: Record<string, string>;
  /** The first time in a queue: decides the place there, and is kept. */
  enqueued_at: Date | null;
  /** When this stay in a queue began; null outside of one. */
  queued_at: Date | null;
  /** It waits for its team to open. */
  is_offline: boolean;
  declined_by: AgentId | null;
  transfer_to_agent_id: AgentId | null;
  transfer_reason: string | null;
  transfer_expires_at: Date | null;
  is_origin_lost: boolean;
  assigned_at: Date | null;
  closed_at: Date | null;
  close_reason: string | null;
  rating: number | null;
  last_seq_id: number;
  team_visibility: TeamVisibility;
  team_offer_seconds: number;
  /** The teams whose agents see everything. */
  all_seeing_team_ids: TeamId[];
  /** The database's clock when this was read. */
  read_at: Date;
}

/** A session with the names people see and its head, which is read from the log by primary key, never from a projection. */
const READ = `SELECT s.session_id, s.state, s.version, s.origin, s.channel_id, s.team_id, s.visitor_id,
    v.name AS visitor_name, v.locale AS visitor_locale, s.agent_id, a.name AS agent_name, s.priority, s.skills, s.language,
    s.category, s.tags, s.attributes, s.previous_session_id, s.opened_at, s.enqueued_at, s.queued_at, s.is_offline,
    s.declined_by, s.assigned_at, s.closed_at, s.close_reason, s.rating, s.transfer_to_agent_id, s.transfer_reason,
    s.transfer_expires_at, s.is_origin_lost, t.visibility AS team_visibility, t.offer_seconds AS team_offer_seconds,
    (SELECT JSON_ARRAYAGG(w.team_id) FROM teams w WHERE w.visibility = 'all') AS all_seeing_team_ids,
    COALESCE((SELECT MAX(m.seq_id) FROM messages m WHERE m.session_id = s.session_id), 0) AS last_seq_id, NOW(6) AS read_at
  FROM sessions s JOIN visitors v ON v.visitor_id = s.visitor_id JOIN teams t ON t.team_id = s.team_id
  LEFT JOIN agents a ON a.agent_id = s.agent_id`;

export class SessionsStore {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  async find(session_id: string, tx: EntityManager = this.#dataSource.manager): Promise<SessionReadRow | undefined> {
    const [row] = await tx.query<RawRow[]>(`${READ} WHERE s.session_id = ?`, [session_id]);
    return row && toRow(row);
  }

  /** Newest first; `where` is built of constants and placeholders only. */
  async list(where: readonly string[], values: readonly unknown[], limit: number): Promise<SessionReadRow[]> {
    const condition = where.length > 0 ? `WHERE ${where.join(' AND ')}` : '';
    const sql = `${READ} ${condition} ORDER BY s.session_id DESC LIMIT ?`;
    return (await this.#dataSource.query<RawRow[]>(sql, [...values, limit])).map(toRow);
  }

  /** The visitor's session that is not closed. */
  async findOpen(
    visitor_id: VisitorId,
    tx: EntityManager = this.#dataSource.manager,
  ): Promise<SessionReadRow | undefined> {
    const [row] = await tx.query<RawRow[]>(`${READ} WHERE s.open_visitor_id = ?`, [visitor_id]);
    return row && toRow(row);
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

/** As servers give it: JSON columns as text or as values, truth as numbers. */
type RawRow = Omit<
  SessionReadRow,
  'skills' | 'tags' | 'attributes' | 'is_offline' | 'is_origin_lost' | 'last_seq_id' | 'all_seeing_team_ids'
> & {
  all_seeing_team_ids: unknown;
  skills: unknown;
  tags: unknown;
  attributes: unknown;
  is_offline: number;
  is_origin_lost: number;
  last_seq_id: string | number;
};

function toRow(raw: RawRow): SessionReadRow {
  return {
    ...raw,
    skills: fromJson<string[]>(raw.skills),
    tags: fromJson<string[]>(raw.tags),
    attributes: fromJson<Record<string, string>>(raw.attributes),
    is_offline: Boolean(raw.is_offline),
    is_origin_lost: Boolean(raw.is_origin_lost),
    last_seq_id: Number(raw.last_seq_id),
    all_seeing_team_ids: fromJson<TeamId[] | null>(raw.all_seeing_team_ids) ?? [],
  };
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
    skills: row.skills,
    language: row.language,
    tags: row.tags,
    category: row.category,
    last_seq_id: row.last_seq_id,
    opened_at: row.opened_at.toISOString(),
    enqueued_at: row.enqueued_at?.toISOString() ?? null,
    assigned_at: row.assigned_at?.toISOString() ?? null,
    closed_at: row.closed_at?.toISOString() ?? null,
    close_reason: row.close_reason,
    rating: row.rating,
    previous_session_id: row.previous_session_id,
    ...(row.transfer_to_agent_id && row.agent_id && row.transfer_expires_at
      ? {
          transfer: {
            from: row.agent_id,
            to_agent: row.transfer_to_agent_id,
            reason: row.transfer_reason,
            expires_at: row.transfer_expires_at.toISOString(),
          },
        }
      : {}),
  };
}

/** Whose slot the session takes: the agent's who owns it, also while it is on offer to another. */
export function holderOf({ state, agent_id }: Pick<SessionReadRow, 'state' | 'agent_id'>): AgentId | null {
  return state === 'serving' || state === 'transferring' ? agent_id : null;
}
