import { Refusal, type Session, sessionForVisitor, type SessionsQuery } from '#libs/contracts';
import { type Caller, canReadSession, idOf } from '#libs/domain';
import { isId } from '#libs/protocol';
import type { ReadMarks } from '../log/read-marks.ts';
import { type SessionReadRow, SessionsStore, toSession } from './sessions.store.ts';

/** Reads sessions as their callers may see them, with the caller's own unread count. */
export class FindSessions {
  readonly #sessions: SessionsStore;
  readonly #marks: ReadMarks;

  constructor(sessions: SessionsStore, marks: ReadMarks) {
    this.#sessions = sessions;
    this.#marks = marks;
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

  async view(row: SessionReadRow, caller: Caller): Promise<Session> {
    const [session] = await this.#views([row], caller);
    if (!session) throw new Error('a view of one row is one session');
    return session;
  }

  /** Newest first. */
  async list(query: SessionsQuery, caller: Caller): Promise<{ items: Session[]; next_cursor: string | null }> {
    const { where, values } = conditionsOf(query, caller);
    const rows = await this.#sessions.list(where, values, query.limit + 1);
    const items = rows.slice(0, query.limit);
    const next_cursor = rows.length > query.limit ? (items.at(-1)?.session_id ?? null) : null;
    return { items: await this.#views(items, caller), next_cursor };
  }

  async #views(rows: readonly SessionReadRow[], caller: Caller): Promise<Session[]> {
    const session_ids = rows.map((row) => row.session_id);
    // A program reads nothing, so nothing is unread.
    const unread = caller.kind === 'key' ? undefined : await this.#marks.unread(idOf(caller), session_ids);
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
  if (query.cursor !== undefined) {
    if (!isId('ses', query.cursor)) throw new Refusal('VALIDATION_FAILED', { detail: 'cursor: not one of ours' });
    parts.push(['s.session_id < ?', query.cursor]);
  }
  parts.push(rightsOf(caller));
  return { where: parts.map(([sql]) => sql), values: parts.flatMap(([, ...values]) => values) };
}

/** The same rights as `canReadSession`, as SQL. */
function rightsOf(caller: Caller): [sql: string, ...values: unknown[]] {
  if (caller.kind === 'visitor') return ['s.visitor_id = ?', caller.visitor_id];
  if (caller.kind === 'key' || caller.role === 'admin') return ['TRUE'];
  const teams = caller.team_ids.length > 0 ? caller.team_ids : [null];
  if (caller.role === 'supervisor') return ['(s.agent_id = ? OR s.team_id IN (?))', caller.agent_id, teams];
  return ["(s.agent_id = ? OR (s.team_id IN (?) AND s.state = 'waiting'))", caller.agent_id, teams];
}
