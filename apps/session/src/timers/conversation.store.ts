import type { EntityManager } from 'typeorm';
import { type ChannelTimers, channelTimers, type SenderRole, type SessionState } from '#libs/contracts';
import type { SessionId } from '#libs/protocol';
import { fromJson } from '../database/json.ts';
import { NO_WORDS } from '../log/words.ts';
import type { Conversation, Said, TimedSession, TimerSettings, Told } from './plan-timers.ts';

/** Everything that decides what is due in a session, read at one moment of the database's clock. */
export interface TimerFacts {
  readonly session_id: SessionId;
  /** When the session was to be looked at; as text, as a `Date` would round it. */
  readonly due_at: string | null;
  readonly session: TimedSession;
  readonly talk: Conversation;
  readonly settings: TimerSettings;
  readonly now: number;
  /** The highest number in the log then: whoever acts on this checks that nothing came since. */
  readonly head: number;
}

interface Row {
  session_id: SessionId;
  due_at: string | null;
  state: SessionState;
  origin: TimedSession['origin'];
  is_offline: number;
  opened: string | number;
  queued: string | number | null;
  assigned: string | number | null;
  told: unknown;
  settings: unknown;
  first_reply_seconds: number | null;
  next_reply_seconds: number | null;
  now_s: string | number;
  head: string | number | null;
  has_visitor_spoken: string | number;
  has_agent_replied: string | number;
  last_seq: string | number | null;
  last_role: SenderRole | null;
  last_at: string | number | null;
  unanswered_seq: string | number | null;
  unanswered_at: string | number | null;
  unseen_seq: string | number | null;
  unseen_at: string | number | null;
}

/**
 * Each figure is a walk along the session's primary key from one of its ends. A visitor who writes has seen what stands
 * before, whatever the mark says.
 */
const READ = `SELECT x.*, l.sender_role AS last_role, UNIX_TIMESTAMP(l.stored_at) AS last_at,
    UNIX_TIMESTAMP(u.stored_at) AS unanswered_at, UNIX_TIMESTAMP(n.stored_at) AS unseen_at
  FROM (
    SELECT s.session_id, CAST(s.due_at AS CHAR) AS due_at, s.state, s.origin, s.is_offline, UNIX_TIMESTAMP(s.opened_at) AS opened,
      UNIX_TIMESTAMP(s.queued_at) AS queued, UNIX_TIMESTAMP(s.assigned_at) AS assigned, s.told, c.settings,
      t.first_reply_seconds, t.next_reply_seconds, UNIX_TIMESTAMP(NOW(6)) AS now_s,
      (SELECT MAX(m.seq_id) FROM messages m WHERE m.session_id = s.session_id) AS head,
      EXISTS (SELECT 1 FROM messages m WHERE m.session_id = s.session_id AND m.sender_role = 'visitor') AS has_visitor_spoken,
      EXISTS (SELECT 1 FROM messages m WHERE m.session_id = s.session_id AND m.sender = s.agent_id
        AND m.type NOT IN ${NO_WORDS} AND m.stored_at >= s.assigned_at) AS has_agent_replied,
      (SELECT MAX(m.seq_id) FROM messages m WHERE m.session_id = s.session_id AND m.type NOT IN ${NO_WORDS}) AS last_seq,
      (SELECT MIN(m.seq_id) FROM messages m WHERE m.session_id = s.session_id AND m.sender_role = 'visitor'
        AND m.type NOT IN ${NO_WORDS} AND m.seq_id > COALESCE((SELECT MAX(a.seq_id) FROM messages a
          WHERE a.session_id = s.session_id AND a.sender_role = 'agent'
            AND a.type NOT IN ${NO_WORDS}), 0)) AS unanswered_seq,
      (SELECT MIN(m.seq_id) FROM messages m WHERE m.session_id = s.session_id AND m.sender_role <> 'visitor'
        AND m.type NOT IN ${NO_WORDS}
        AND m.seq_id > COALESCE((SELECT r.seq_id FROM read_marks r
          WHERE r.session_id = s.session_id AND r.reader = s.visitor_id), 0)
        AND m.seq_id > COALESCE((SELECT MAX(v.seq_id) FROM messages v
          WHERE v.session_id = s.session_id AND v.sender_role = 'visitor'), 0)) AS unseen_seq
    FROM sessions s JOIN teams t ON t.team_id = s.team_id LEFT JOIN channels c ON c.channel_id = s.channel_id
    WHERE s.session_id IN (?)
  ) x
  LEFT JOIN messages l ON l.session_id = x.session_id AND l.seq_id = x.last_seq
  LEFT JOIN messages u ON u.session_id = x.session_id AND u.seq_id = x.unanswered_seq
  LEFT JOIN messages n ON n.session_id = x.session_id AND n.seq_id = x.unseen_seq`;

export class ConversationStore {
  async read(tx: EntityManager, session_ids: readonly SessionId[]): Promise<TimerFacts[]> {
    if (session_ids.length === 0) return [];
    return (await tx.query<Row[]>(READ, [session_ids])).map(toFacts);
  }
}

function toFacts(row: Row): TimerFacts {
  return {
    session_id: row.session_id,
    due_at: row.due_at,
    session: {
      state: row.state,
      origin: row.origin,
      is_offline: Boolean(row.is_offline),
      opened_at: toMs(row.opened),
      queued_at: row.queued === null ? null : toMs(row.queued),
      assigned_at: row.assigned === null ? null : toMs(row.assigned),
      told: fromJson<Told>(row.told),
    },
    talk: {
      last: withRole(said(row.last_seq, row.last_at), row.last_role),
      has_visitor_spoken: Number(row.has_visitor_spoken) === 1,
      has_agent_replied: Number(row.has_agent_replied) === 1,
      unanswered: said(row.unanswered_seq, row.unanswered_at),
      unseen: said(row.unseen_seq, row.unseen_at),
    },
    settings: {
      ...channelTimers.parse(fromJson<{ timers?: Partial<ChannelTimers> } | null>(row.settings)?.timers),
      first_reply_seconds: row.first_reply_seconds ?? 0,
      next_reply_seconds: row.next_reply_seconds ?? 0,
    },
    now: toMs(row.now_s),
    head: Number(row.head ?? 0),
  };
}

/** Whole milliseconds, rounded up: nothing is looked at before it is due. */
function toMs(seconds: string | number): number {
  return Math.ceil(Number(seconds) * 1_000);
}

function said(seq_id: string | number | null, at: string | number | null): Said | null {
  return seq_id === null || at === null ? null : { seq_id: Number(seq_id), at: toMs(at) };
}

function withRole(word: Said | null, sender_role: SenderRole | null): Conversation['last'] {
  return word && sender_role ? { ...word, sender_role } : null;
}
