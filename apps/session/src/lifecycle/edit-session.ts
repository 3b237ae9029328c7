import type { DataSource } from 'typeorm';
import { Refusal, type Session, type UpdateSessionBody } from '#libs/contracts';
import { type Caller, canReadSession, canSuperviseSession, hasScope } from '#libs/domain';
import type { TeamId } from '#libs/protocol';
import { type Once, transactOnce } from '../database/once.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Queue } from '../queue/queue.ts';
import type { Actor } from './audit.ts';
import type { Changes } from './changes.ts';
import type { FindSessions } from './find-sessions.ts';
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
      requireEditable(row, { team_id, ...fields }, caller);
      const attributes = fields.attributes && { ...row.attributes, ...fields.attributes };
      return { type: 'session.updated', changes: defined({ ...fields, attributes }) } as const;
    };
    return this.#edit(session_id, { plan, to_team: team_id }, { caller, by, once });
  }

  tag(session_id: string, tags: readonly string[], caller: Caller, by: Actor, once?: Once): Promise<Session> {
    const plan = () => ({ type: 'session.tagged', changes: { tags: [...new Set(tags)] } }) as const;
    return this.#edit(session_id, { plan }, { caller, by, once });
  }

  async #edit(session_id: string, { plan, to_team }: Edit, { caller, by, once }: From): Promise<Session> {
    const { sessions, transitions, find, commands, outbox, queue } = this.#parts;
    let moved: Change | undefined;
    let after: SessionReadRow | undefined;
    const answer = await transactOnce(this.#dataSource, once, async (tx) => {
      const known = await sessions.find(session_id, tx);
      if (!known || !canReadSession(caller, known, 'sessions:write')) throw new Refusal('NOT_FOUND');
      // The move first: it takes the team's lock, which stands before the session's. To where it is, it is none.
      const isMove = to_team !== undefined && to_team !== known.team_id;
      if (isMove) {
        plan(known); // for its refusals: they come before those of the move
        moved = await commands.runIn(tx, session_id, { type: 'transfer_to_team', to_team }, caller, by);
      }
      const row = moved?.after ?? (await sessions.lock(tx, session_id));
      if (!row) throw new Refusal('NOT_FOUND');
      const { type, changes } = plan(moved?.before ?? row);
      after = Object.keys(changes).length > 0 ? await transitions.edit(tx, row, { type, changes }, by) : row;
      return find.view(after, caller, tx);
    });
    outbox.kick();
    if (moved) commands.follow(moved);
    if (after?.state === 'waiting') queue.kick(after.team_id);
    return answer;
  }
}

interface Edit {
  /** What is to be changed in the session as it is. @throws Refusal */
  plan: (row: SessionReadRow) => { readonly type: 'session.updated' | 'session.tagged'; readonly changes: Changes };
  to_team?: TeamId | undefined;
}
interface From {
  caller: Caller;
  by: Actor;
  once: Once | undefined;
}

/** What may still be said of a session that has ended. */
const lateFields = new Set(['category', 'attributes']);

function requireEditable(row: SessionReadRow, fields: UpdateSessionBody, caller: Caller): void {
  const isOwn = caller.kind === 'agent' && row.agent_id === caller.agent_id;
  const mayOrder = canSuperviseSession(caller, row) || hasScope(caller, 'sessions:write');
  const isOrder = fields.priority !== undefined || fields.team_id !== undefined;
  if (!mayOrder && (isOrder || !isOwn)) throw new Refusal('FORBIDDEN');
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  if (row.state !== 'closed' || given.every(([name]) => lateFields.has(name))) return;
  throw new Refusal('SESSION_CLOSED', { state: row.state });
}

function defined(changes: Changes): Changes {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
}
