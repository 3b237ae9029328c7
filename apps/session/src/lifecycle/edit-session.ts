import type { DataSource } from 'typeorm';
import { Refusal, type Session, type UpdateSessionBody } from '#libs/contracts';
import { type Caller, canReadSession, canSuperviseSession, hasScope } from '#libs/domain';
import { type Once, transactOnce } from '../database/once.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Queue } from '../queue/queue.ts';
import type { Actor } from './audit.ts';
import type { Changes } from './changes.ts';
import type { FindSessions } from './find-sessions.ts';
import type { SessionCommand } from './plan-command.ts';
import type { Change, RunCommand } from './run-command.ts';
import type { SessionReadRow, SessionsStore } from './sessions.store.ts';
import type { Transitions } from './transitions.ts';

export interface EditSessionParts {
  sessions: SessionsStore;
  transitions: Transitions;
  find: FindSessions;
  commands: RunCommand;
  outbox: Outbox;
  queue: Queue;
}

/** Changes of a session that are no command: what it needs, what it is about. Told as events, with a higher version. */
export class EditSession {
  readonly #dataSource: DataSource;
  readonly #parts: EditSessionParts;

  constructor(dataSource: DataSource, parts: EditSessionParts) {
    this.#dataSource = dataSource;
    this.#parts = parts;
  }

  /**
   * All of it in one transaction. Another team is a transfer to it.
   * @throws Refusal NOT_FOUND, FORBIDDEN, SESSION_CLOSED, or what the transfer is refused with
   */
  update(
    session_id: string,
    { team_id, ...fields }: UpdateSessionBody,
    caller: Caller,
    by: Actor,
    once?: Once,
  ): Promise<Session> {
    const plan = (row: SessionReadRow) => {
      requireEditable(row, fields, caller);
      const attributes = fields.attributes && { ...row.attributes, ...fields.attributes };
      return { type: 'session.updated', changes: defined({ ...fields, attributes }) } as const;
    };
    const move = team_id && ({ type: 'transfer_to_team', to_team: team_id } as const);
    return this.#edit(session_id, { plan, move }, { caller, by, once });
  }

  tag(session_id: string, tags: readonly string[], caller: Caller, by: Actor, once?: Once): Promise<Session> {
    const plan = () => ({ type: 'session.tagged', changes: { tags: [...new Set(tags)] } }) as const;
    return this.#edit(session_id, { plan }, { caller, by, once });
  }

  async #edit(session_id: string, { plan, move }: Edit, { caller, by, once }: From): Promise<Session> {
    const { sessions, transitions, find, commands, outbox, queue } = this.#parts;
    let moved: Change | undefined;
    let after: SessionReadRow | undefined;
    const answer = await transactOnce(this.#dataSource, once, async (tx) => {
      // The move first: it takes the team's lock, which stands before the session's.
      moved = move && (await commands.runIn(tx, session_id, move, caller, by));
      const row = moved?.after ?? (await sessions.lock(tx, session_id));
      // After a move its new team may be one that the caller has no rights in.
      if (!row || !(moved ?? canReadSession(caller, row, 'sessions:write'))) throw new Refusal('NOT_FOUND');
      const { type, changes } = plan(moved?.before ?? row);
      after = Object.keys(changes).length > 0 ? await transitions.edit(tx, row, { type, changes }, by) : row;
      return find.view(after, caller, tx);
    });
    outbox.kick();
    if (moved) await commands.follow(moved);
    if (after?.state === 'waiting') queue.kick(after.team_id);
    return answer;
  }
}

interface Edit {
  plan: (row: SessionReadRow) => { readonly type: 'session.updated' | 'session.tagged'; readonly changes: Changes };
  move?: SessionCommand | undefined;
}
interface From {
  caller: Caller;
  by: Actor;
  once: Once | undefined;
}

/** What may still be said of a session that has ended. */
const lateFields = new Set(['category', 'attributes']);

function requireEditable(row: SessionReadRow, fields: Omit<UpdateSessionBody, 'team_id'>, caller: Caller): void {
  const isOwn = caller.kind === 'agent' && row.agent_id === caller.agent_id;
  const mayOrder = canSuperviseSession(caller, row) || hasScope(caller, 'sessions:write');
  if (!(isOwn || mayOrder) || (fields.priority !== undefined && !mayOrder)) throw new Refusal('FORBIDDEN');
  if (row.state !== 'closed' || Object.keys(fields).every((name) => lateFields.has(name))) return;
  throw new Refusal('SESSION_CLOSED', { state: row.state });
}

function defined(changes: Changes): Changes {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
}
