import type { EntityManager } from 'typeorm';
import type { BusinessHours, TeamStrategy } from '#libs/contracts';
import type { AgentId, SessionId, TeamId, VisitorId } from '#libs/protocol';
import { fromJson } from '../database/json.ts';
import { isOpen } from './business-hours.ts';
import type { Candidate } from './choose-agent.ts';

/** A team's rules for its queue, as they are at the database's time of the read. */
export interface QueueTeam {
  readonly team_id: TeamId;
  readonly strategy: TeamStrategy;
  readonly skills: readonly string[];
  readonly is_open: boolean;
}

/** A session in a queue. */
export interface Waiting {
  readonly session_id: SessionId;
  readonly version: number;
  readonly visitor_id: VisitorId;
  readonly visitor_name: string | null;
  readonly priority: number;
  readonly skills: readonly string[];
  readonly language: string | null;
  readonly is_offline: boolean;
  readonly enqueued_at: Date;
  readonly waited_seconds: number;
  /** Who has declined it a moment ago. */
  readonly declined_by: AgentId | null;
  readonly returns_to_agent: boolean;
}

interface TeamRow {
  strategy: TeamStrategy;
  skills: unknown;
  time_zone: string | null;
  week: unknown;
  days: unknown;
  now_ms: string | number;
}

/** So long the engine does not give a session to the agent who has declined it; then it may, or nobody would ever have it. */
const DECLINED_SECONDS = 60;
/** Over so long a time the rate at which a queue is served is taken. */
const RATE_SECONDS = 600;
/** Fewer than these tell nothing about the next ones. */
const FEWEST_SERVED = 5;
const HIGHEST_PRIORITY = 9;

/**
 * The order of a queue: priority with its ageing, the first time in a queue, the id. A priority rises one step each
 * `ageing_seconds`, up to the highest: there all are served as they came, so that nobody starves.
 */
const ORDER = `LEAST(${HIGHEST_PRIORITY}, s.priority
    + COALESCE(FLOOR(TIMESTAMPDIFF(MICROSECOND, s.enqueued_at, NOW(6)) / 1000000 / NULLIF(t.ageing_seconds, 0)), 0)) DESC,
  s.enqueued_at, s.session_id`;

/** The statements of the queue. Pass the transaction in which the team is locked where the order must stay as it was read. */
export class QueueStore {
  /** Takes the team's lock: one drain at a time, and whoever enters the queue stands behind it. */
  async lockTeam(tx: EntityManager, team_id: TeamId): Promise<QueueTeam | undefined> {
    await tx.query('SELECT team_id FROM teams WHERE team_id = ? FOR UPDATE', [team_id]);
    return this.readTeam(tx, team_id);
  }

  async readTeam(tx: EntityManager, team_id: TeamId): Promise<QueueTeam | undefined> {
    const [row] = await tx.query<TeamRow[]>(
      `SELECT t.strategy, t.skills, h.time_zone, h.week, h.days,
         FLOOR(UNIX_TIMESTAMP(NOW(6)) * 1000) AS now_ms
       FROM teams t LEFT JOIN business_hours h ON h.business_hours_id = t.business_hours_id WHERE t.team_id = ?`,
      [team_id],
    );
    if (!row) return undefined;
    return {
      team_id,
      strategy: row.strategy,
      skills: fromJson<string[]>(row.skills),
      is_open: isTeamOpen(row),
    };
  }

  /** Who could be given a session now: members who are online and here, with a free slot. */
  async readCandidates(tx: EntityManager, team_id: TeamId): Promise<Candidate[]> {
    const rows = await tx.query<(Omit<Candidate, 'skills' | 'languages'> & { skills: unknown; languages: unknown })[]>(
      `SELECT a.agent_id, a.active, a.capacity, a.skills, a.languages, UNIX_TIMESTAMP(a.last_assigned_at) AS last_assigned
       FROM team_members m JOIN agents a ON a.agent_id = m.agent_id
       WHERE m.team_id = ? AND a.status = 'online' AND a.absent_since IS NULL AND a.disabled = 0 AND a.active < a.capacity`,
      [team_id],
    );
    return rows.map((row) => ({
      ...row,
      last_assigned: row.last_assigned === null ? null : Number(row.last_assigned),
      skills: fromJson<string[]>(row.skills),
      languages: fromJson<string[]>(row.languages),
    }));
  }

  /**
   * The queue in its order, from the front or behind `offset` others, without those that are named. Who begins the first
   * session of a channel in the moment in which it is deleted is served all the same: without the channel.
   */
  async readWaiting(
    tx: EntityManager,
    team_id: TeamId,
    { limit, offset = 0, without = [] }: { limit: number; offset?: number; without?: readonly SessionId[] },
  ): Promise<Waiting[]> {
    const rows = await tx.query<RawWaiting[]>(
      `SELECT s.session_id, s.version, s.visitor_id, v.name AS visitor_name, s.priority, s.skills, s.language, s.is_offline, s.enqueued_at,
         TIMESTAMPDIFF(SECOND, s.enqueued_at, NOW(6)) AS waited_seconds,
         IF(s.declined_at > NOW(6) - INTERVAL ${DECLINED_SECONDS} SECOND, s.declined_by, NULL) AS declined_by,
         COALESCE(JSON_EXTRACT(c.settings, '$.return_to_agent'), 'false') AS returns_to_agent
       FROM sessions s JOIN teams t ON t.team_id = s.team_id JOIN visitors v ON v.visitor_id = s.visitor_id
         LEFT JOIN channels c ON c.channel_id = s.channel_id
       WHERE s.team_id = ? AND s.state = 'waiting' ${without.length > 0 ? 'AND s.session_id NOT IN (?)' : ''}
       ORDER BY ${ORDER} LIMIT ? OFFSET ?`,
      [team_id, ...(without.length > 0 ? [without] : []), limit, offset],
    );
    return rows.map((row) => ({
      ...row,
      skills: fromJson<string[]>(row.skills),
      is_offline: Boolean(row.is_offline),
      waited_seconds: Number(row.waited_seconds),
      returns_to_agent: String(row.returns_to_agent) === 'true',
    }));
  }

  /** The ids alone, for positions. */
  async readOrder(tx: EntityManager, team_id: TeamId): Promise<{ session_id: SessionId; visitor_id: VisitorId }[]> {
    return tx.query<{ session_id: SessionId; visitor_id: VisitorId }[]>(
      `SELECT s.session_id, s.visitor_id FROM sessions s JOIN teams t ON t.team_id = s.team_id
       WHERE s.team_id = ? AND s.state = 'waiting' ORDER BY ${ORDER}`,
      [team_id],
    );
  }

  /**
   * Sessions a second that left the team's queue for an agent lately, by the engine or by hand; 0 while they are too few to
   * tell. Hand-overs between agents, and sessions that never waited, say nothing about those who wait.
   */
  async readRate(tx: EntityManager, team_id: TeamId): Promise<number> {
    const [row] = await tx.query<{ served: string | number }[]>(
      `SELECT COUNT(*) AS served FROM audit_log
       WHERE served_team_id = ? AND created_at > NOW(6) - INTERVAL ${RATE_SECONDS} SECOND`,
      [team_id],
    );
    const served = Number(row?.served ?? 0);
    return served < FEWEST_SERVED ? 0 : served / RATE_SECONDS;
  }

  /** Who served this visitor last. */
  async findLastAgent(tx: EntityManager, visitor_id: VisitorId): Promise<AgentId | null> {
    const [row] = await tx.query<{ agent_id: AgentId }[]>(
      `SELECT agent_id FROM sessions WHERE visitor_id = ? AND closed_at IS NOT NULL AND agent_id IS NOT NULL
       ORDER BY closed_at DESC LIMIT 1`,
      [visitor_id],
    );
    return row?.agent_id ?? null;
  }
}

type RawWaiting = Omit<Waiting, 'skills' | 'is_offline' | 'returns_to_agent'> & {
  skills: unknown;
  is_offline: number;
  returns_to_agent: unknown;
};

function isTeamOpen({
  time_zone,
  week,
  days,
  now_ms,
}: Pick<TeamRow, 'time_zone' | 'week' | 'days' | 'now_ms'>): boolean {
  if (time_zone === null) return true;
  const hours = { time_zone, week: fromJson<BusinessHours['week']>(week), days: fromJson<BusinessHours['days']>(days) };
  return isOpen(hours, Number(now_ms));
}

/** Seconds until the session at this position is served, at the rate of late; null while there is none. */
export function etaSeconds(position: number, rate: number): number | null {
  return rate > 0 ? Math.ceil(position / rate) : null;
}
