import { fromJson } from '../../apps/session/src/database/json.ts';
import type { Load } from './fairness.ts';
import type { Line } from './replay.ts';
import type { Queued } from './order.ts';
import type { Stage } from './stage.ts';

/** Who waits and what everybody serves, all as of one moment: a statement reads one snapshot. */
export async function look({ query }: Pick<Stage, 'query'>): Promise<{ waiting: number; loads: Load[] }> {
  const rows = await query(
    `SELECT a.agent_id, a.active, a.capacity, a.status = 'online' AS is_online,
       (SELECT COUNT(*) FROM sessions s WHERE s.agent_id = a.agent_id AND s.closed_at IS NULL
         AND s.state IN ('serving', 'transferring')) AS serving,
       (SELECT COUNT(*) FROM teams t JOIN sessions s ON s.team_id = t.team_id AND s.state = 'waiting') AS waiting
     FROM agents a`,
  );
  const loads = rows.map((row) => ({
    agent_id: String(row['agent_id']),
    active: Number(row['active']),
    serving: Number(row['serving']),
    capacity: Number(row['capacity']),
    isOnline: Number(row['is_online']) === 1,
  }));
  return { waiting: Number(rows[0]?.['waiting'] ?? 0), loads };
}

/** All sessions that were ever in a queue, as they are at the end. */
export async function readQueued({ query }: Pick<Stage, 'query'>): Promise<Queued[]> {
  const rows = await query(
    `SELECT session_id, team_id, priority, skills, UNIX_TIMESTAMP(enqueued_at) * 1000 AS enqueued_at_ms FROM sessions
     WHERE enqueued_at IS NOT NULL`,
  );
  return rows.map((row) => ({
    session_id: String(row['session_id']),
    team_id: String(row['team_id']),
    priority: Number(row['priority']),
    skills: fromJson<string[]>(row['skills']),
    enqueued_at_ms: Number(row['enqueued_at_ms']),
  }));
}

const WHAT: Readonly<Record<string, 'entered' | 'assigned' | 'closed'>> = {
  'session.open': 'entered',
  'session.request_human': 'entered',
  'session.assign': 'assigned',
  'session.close': 'closed',
};

/** The audit log's lines about queues, slots and statuses, in their order. */
export async function readLines({ query }: Pick<Stage, 'query'>): Promise<Line[]> {
  const rows = await query(
    `SELECT action, subject, UNIX_TIMESTAMP(created_at) * 1000 AS at_ms, JSON_VALUE(after_value, '$.state') AS state,
       JSON_VALUE(after_value, '$.status') AS status, JSON_VALUE(after_value, '$.agent_id') AS agent_id
     FROM audit_log ORDER BY audit_id`,
  );
  return rows.flatMap((row): Line[] => {
    const [subject, at_ms, agent_id] = [String(row['subject']), Number(row['at_ms']), String(row['agent_id'])];
    if (row['action'] === 'agent.status') {
      return [{ at_ms, what: row['status'] === 'online' ? 'online' : 'busy', agent_id: subject }];
    }
    const what = WHAT[String(row['action'])];
    if (what === undefined) return [];
    if (what !== 'entered') return [{ at_ms, what, session_id: subject, agent_id }];
    return row['state'] === 'waiting' ? [{ at_ms, what, session_id: subject }] : [];
  });
}
