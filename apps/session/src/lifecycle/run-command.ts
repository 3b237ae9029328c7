import type { DataSource, EntityManager } from 'typeorm';
import { Refusal, type Session } from '#libs/contracts';
import { type Caller, canAcceptSession, canReadSession } from '#libs/domain';
import type { Failpoints } from '#libs/observability';
import type { TeamId } from '#libs/protocol';
import { type Once, transactOnce } from '../database/once.ts';
import { LockLost, transact } from '../database/transact.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Queue } from '../queue/queue.ts';
import type { QueueStore } from '../queue/queue.store.ts';
import { type Actor, ENGINE } from './audit.ts';
import { readCommandFacts } from './command-facts.ts';
import type { FindSessions } from './find-sessions.ts';
import { type Commander, type CommandType, isAllowed, planCommand, type SessionCommand } from './plan-command.ts';
import { holderOf, type SessionReadRow, SessionsStore } from './sessions.store.ts';
import type { Transitions } from './transitions.ts';

/** Commands after which the session may be waiting, in its own team. */
const mayEnterQueue = new Set<CommandType>([
  'request_human',
  'transfer_reject',
  'transfer_expire',
  'transfer_target_lost',
  'return_to_queue',
  'agent_lost',
  'reply_late',
]);

export interface RunCommandParts {
  sessions: SessionsStore;
  transitions: Transitions;
  find: FindSessions;
  outbox: Outbox;
  queue: Queue;
  queueStore: QueueStore;
  failpoints: Failpoints;
}

/** The one way in which a session's state changes after its opening: people's, programs' and the engine's commands. */
export class RunCommand {
  readonly #dataSource: DataSource;
  readonly #parts: RunCommandParts;

  constructor(dataSource: DataSource, parts: RunCommandParts) {
    this.#dataSource = dataSource;
    this.#parts = parts;
  }

  /**
   * Runs a command and answers with the session as the caller may see it afterwards.
   * @param once stores the answer with the change: a repeat gets it again and changes nothing
   * @throws Refusal NOT_FOUND for what the caller may not know of, FORBIDDEN, or what the table and the facts say
   */
  async run(session_id: string, command: SessionCommand, caller: Caller, by: Actor, once?: Once): Promise<Session> {
    let change: Change | undefined;
    const answer = await transactOnce(this.#dataSource, once, async (tx) => {
      change = await this.runIn(tx, session_id, command, caller, by);
      return this.#parts.find.view(change.after, caller, tx);
    });
    if (change) this.follow(change);
    return answer;
  }

  /** The same inside of a transaction of the caller's, who calls `follow` after its commit. */
  async runIn(
    tx: EntityManager,
    session_id: string,
    command: SessionCommand,
    caller: Caller,
    by: Actor,
  ): Promise<Change> {
    const known = await this.#parts.sessions.find(session_id, tx);
    if (!known || !mayKnow(caller, known, command)) throw new Refusal('NOT_FOUND');
    const row = await this.#lock(tx, known, command);
    // Somebody else was first, and took the right to it with the session: that is a lost race, not a wrong.
    const hadRight = isAllowed(known, command, caller) && !isAllowed(row, command, caller);
    if (hadRight) throw new Refusal('STATE_CONFLICT', { state: row.state });
    return this.#apply(tx, row, command, { commander: caller, by });
  }

  /** The same for the timers' and the presence watch's own commands; undefined when the guard says no. */
  async runAsEngine(session_id: string, command: SessionCommand, guard?: Guard): Promise<SessionReadRow | undefined> {
    const change = await transact(this.#dataSource, async (tx) => {
      const known = await this.#parts.sessions.find(session_id, tx);
      if (!known) throw new Refusal('NOT_FOUND');
      const row = await this.#lock(tx, known, command);
      const granted = guard ? await guard(tx, row) : {};
      return granted && this.#apply(tx, row, command, { commander: { kind: 'engine' }, by: ENGINE, ...granted });
    });
    if (change) this.follow(change);
    return change?.after;
  }

  /** After the commit: what was written goes out, and whoever may be served now is looked for. Never fails. */
  follow({ before, after }: Change): void {
    const { outbox, queue, failpoints } = this.#parts;
    failpoints.hit('lifecycle.after_commit');
    outbox.kick();
    if (before.state === 'waiting' || after.state === 'waiting') queue.kick(before.team_id, after.team_id);
    const freed = holderOf(before);
    if (freed && freed !== holderOf(after)) void queue.kickTeamsOf(freed);
  }

  /** Team before session: who may enter a queue stands in line with the engine, whose clock is read behind this lock. */
  async #lock(tx: EntityManager, known: SessionReadRow, command: SessionCommand): Promise<SessionReadRow> {
    const team_id = queueOf(known, command);
    if (team_id) await tx.query('SELECT team_id FROM teams WHERE team_id = ? FOR UPDATE', [team_id]);
    const row = await this.#parts.sessions.lock(tx, known.session_id);
    if (!row) throw new Refusal('NOT_FOUND');
    // Moved to another team between the two locks: the transaction begins again.
    if (queueOf(row, command) !== team_id) throw new LockLost();
    return row;
  }

  async #apply(
    tx: EntityManager,
    row: SessionReadRow,
    command: SessionCommand,
    { commander, by, head }: { commander: Commander; by: Actor; head?: number },
  ): Promise<Change> {
    const facts = await readCommandFacts(tx, this.#parts.queueStore, command, queueOf(row, command));
    const plan = planCommand(row, command, commander, facts);
    if (!plan.ok) throw new Refusal(plan.code, plan.more);
    const after = plan.transition ? await this.#parts.transitions.apply(tx, row, plan.transition, by, head) : row;
    return { before: row, after };
  }
}

/** The team whose queue the session may enter by this command; undefined when it enters none. */
function queueOf({ team_id }: SessionReadRow, command: SessionCommand): TeamId | undefined {
  if (command.type === 'transfer_to_team') return command.to_team;
  return mayEnterQueue.has(command.type) ? team_id : undefined;
}

/**
 * Looks once more, under the session's lock, whether the engine's reason still holds; undefined: it does not. With a `head`
 * the change is made only while the log still ends there.
 */
export type Guard = (tx: EntityManager, row: SessionReadRow) => Promise<{ head?: number } | undefined>;

/** A session before and after a command; the same twice when it changed nothing. */
export interface Change {
  before: SessionReadRow;
  after: SessionReadRow;
}

/**
 * Whether the caller may know of the session that the command is about. Who lost a race for it is told so, though it is no
 * longer theirs to read: members of the team that it waited in, and who had it on offer a moment ago.
 */
function mayKnow(caller: Caller, row: SessionReadRow, { type }: SessionCommand): boolean {
  if (canReadSession(caller, row, 'sessions:write')) return true;
  if (type === 'accept') return canAcceptSession(caller, row);
  const isAnswer = type === 'transfer_accept' || type === 'transfer_reject';
  return isAnswer && caller.kind === 'agent' && row.declined_by === caller.agent_id;
}
