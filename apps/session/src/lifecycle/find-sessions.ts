import { Refusal, type Session, sessionForVisitor, type SessionsQuery } from '#libs/contracts';
import { type Caller, canReadSession, idOf } from '#libs/domain';
import { isId } from '#libs/protocol';
import type { EntityManager } from 'typeorm';
import type { ReadMarks } from '../log/read-marks.ts';
import type { Place, ReadQueue } from '../queue/read-queue.ts';
import { type SessionReadRow, SessionsStore, toSession } from './sessions.store.ts';

/** Reads sessions as their callers may see them, with the caller's own unread count. */
export class FindSessions {
  readonly #sessions: SessionsStore;
  readonly #marks: ReadMarks;
  readonly #queues: ReadQueue;

  constructor(sessions: SessionsStore, marks: ReadMarks, queues: ReadQueue) {
    this.#sessions = sessions;
    this.#marks = marks;
    this.#queues = queues;
  }

  /** @throws Refusal NOT_FOUND also for what the caller may not know of. */
  async row(session_id: string, caller: Caller, scope?: string): Promise<SessionReadRow> {
    const row = isId('ses', session_id) ? await this.#sessions.find(session_id) : undefined;
    if (!row || !canReadSession(caller, row, scope)) throw new Refusal('NOT_FOUND');
    return row;
  }

  async get(session_id: string, caller: Caller): Promise<Session> {
    return this.view(await this.row(session_id, caller), caller);
  }

  /** The visitor's session that is not closed, if there is one. */
  async findOpen(visitor: Extract<Caller, { kind: 'visitor' }>): Promise<Session | undefined> {
    const row = await this.#sessions.findOpen(visitor.visitor_id);
    return row && this.view(row, visitor);
  }

  /** As the caller may see it. @param tx where the row was read, if that is not committed yet */
  async view(row: SessionReadRow, caller: Caller, tx?: EntityManager): Promise<Session> {
    const [session] = await this.#views([row], caller, tx);
    if (!session) throw new Error('a view of one row is one session');
    return { ...session, ...(await this.#place(row, tx)) };
  }

  /** Newest first. */
  async list(query: SessionsQuery, caller: Caller): Promise<{ items: Session[]; next_cursor: string | null }> {
    const { where, values } = conditionsOf(query, caller);
    const rows = await this.#sessions.list(where, values, query.limit + 1);
    const items = rows.slice(0, query.limit);
    const next_cursor = rows.length > query.limit ? (items.at(-1)?.session_id ?? null) : null;
    return { items: await this.#views(items, caller), next_cursor };
  }

  /** Where it stands in its queue. */
  async #place({ state, session_id, team_id }: SessionReadRow, tx?: EntityManager): Promise<Place | undefined> {
    return state === 'waiting' ? this.#queues.findPlace(session_id, team_id, tx) : undefined;
  }

  async #views(rows: readonly SessionReadRow[], caller: Caller, tx?: EntityManager): Promise<Session[]> {
    const session_ids = rows.map((row) => row.session_id);
    // A program reads nothing, so nothing is unread.
    const unread = caller.kind === 'key' ? undefined : await this.#marks.unread(idOf(caller), session_ids, tx);
    return rows.map((row) => {
      const session = { ...toSession(row), unread_count: unread?.get(row.session_id) ?? 0 };
      return caller.kind === 'visitor' ? sessionForVisitor(session) : session;
    });
  }
}

function conditionsOf(query: SessionsQuery, caller: Caller): { where: string[]; values: unknown[] } {
  const parts: [sql: string, ...values: unknown[]][] = [];
  if (query.state) parts.push(['s.state = ?', query.state]);
  if (query.agent_id) parts.push(['s.agent_id = ?', query.agent_id]);
  if (query.team_id) parts.push(['s.team_id = ?', query.team_id]);
  if (query.q) parts.push(searchFor(query.q));
  if (query.tag) parts.push(['JSON_CONTAINS(s.tags, JSON_QUOTE(?))', query.tag]);
  if (query.cursor !== undefined) {
    if (!isId('ses', query.cursor)) throw new Refusal('VALIDATION_FAILED', { detail: 'cursor: not one of ours' });
    parts.push(['s.session_id < ?', query.cursor]);
  }
  parts.push(rightsOf(caller));
  return { where: parts.map(([sql]) => sql), values: parts.flatMap(([, ...values]) => values) };
}

/** Words of messages are searched elsewhere. */
function searchFor(q: string): [sql: string, ...values: unknown[]] {
  const part = `%${q.replace(/[\\%_]/g, '\\$&')}%`;
  // An id of ours is ASCII: the database would not compare it with anything else.
  const columns = ['v.user_id', 'v.email', 'v.phone', ...(isId('ses', q) ? ['s.session_id'] : [])];
  const exact = columns.map((column) => `${column} = ?`).join(' OR ');
  return [`(LOWER(v.name) LIKE LOWER(?) OR ${exact})`, part, ...columns.map(() => q)];
}

/** The same rights as `canReadSession`, as SQL. */
function rightsOf(caller: Caller): [sql: string, ...values: unknown[]] {
  if (caller.kind === 'visitor') return ['s.visitor_id = ?', caller.visitor_id];
  if (caller.kind === 'key' || caller.role === 'admin') return ['TRUE'];
  const teams = caller.team_ids.length > 0 ? caller.team_ids : [null];
  const own = "s.agent_id = ? OR (s.state = 'transferring' AND s.transfer_to_agent_id = ?)";
  const ofTeam = caller.role === 'supervisor' ? 'TRUE' : "(s.state = 'waiting' OR t.visibility <> 'own')";
  const all = "EXISTS (SELECT 1 FROM teams w WHERE w.team_id IN (?) AND w.visibility = 'all')";
  return [`(${own} OR (s.team_id IN (?) AND ${ofTeam}) OR ${all})`, caller.agent_id, caller.agent_id, teams, teams];
}
