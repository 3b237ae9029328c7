/**
 * A transition is one transaction: state and version in the WHERE, audit line, outbox rows. Nothing else changes a session.
 *
 * Lock order: team → session → agent. Who enters a queue takes the team's row lock in a statement of its own first, and
 * reads the clock behind it, so that queue order is lock order.
 */
import type { EntityManager } from 'typeorm';
import { Refusal, type SessionEventType, type SessionState } from '#libs/contracts';
import { type Command, decide } from '#libs/domain';
import type { Failpoints } from '#libs/observability';
import type { Outbox } from '../outbox/outbox.ts';
import { type SessionReadRow, SessionsStore } from './sessions.store.ts';
import { systemText } from './system-texts.ts';
import { transitionRows, visitorLocale } from './transition-rows.ts';

/** Columns that a transition sets beside state and version; a value `NOW` is the database's clock. */
export type Changes = Partial<
  Record<
    'agent_id' | 'open_visitor_id' | 'close_reason' | 'category' | 'assigned_at' | 'closed_at' | 'enqueued_at',
    unknown
  >
>;
export const NOW = Symbol('NOW(6)');

const eventOf: Record<Command, SessionEventType> = {
  request_human: 'session.queued',
  assign: 'session.assigned',
  close: 'session.closed',
};

/** Who did it, for the audit line: an id, or `engine`. */
export interface Actor {
  id: string;
  ip?: string | undefined;
}

export class Transitions {
  readonly #sessions: SessionsStore;
  readonly #outbox: Outbox;
  readonly #failpoints: Failpoints;

  constructor(sessions: SessionsStore, outbox: Outbox, failpoints: Failpoints) {
    this.#sessions = sessions;
    this.#outbox = outbox;
    this.#failpoints = failpoints;
  }

  /**
   * Applies a command to a session whose row lock is held; returns it as it is afterwards.
   * @throws Refusal when the table refuses it.
   */
  async apply(
    tx: EntityManager,
    row: SessionReadRow,
    command: Command,
    changes: Changes,
    by: Actor,
  ): Promise<SessionReadRow> {
    const decision = decide(row.state, command);
    if (!decision.ok) throw new Refusal(decision.code, { state: decision.state });
    if (decision.next === undefined) return row;
    await this.#update(tx, row, decision.next, changes);
    this.#failpoints.hit('lifecycle.in_transition');
    const after = await this.#read(tx, row.session_id);
    const previous = { state: row.state, agent_id: row.agent_id, team_id: row.team_id };
    const text = systemText(eventOf[command], visitorLocale(after), after.agent_name ?? undefined);
    await this.#outbox.add(tx, transitionRows(eventOf[command], after, previous, text));
    await writeAudit(tx, by, `session.${command}`, row.session_id, previous, {
      state: after.state,
      agent_id: after.agent_id,
    });
    return after;
  }

  /** Tells of a session that was just inserted. */
  async announceOpened(tx: EntityManager, session_id: string, by: Actor): Promise<SessionReadRow> {
    const row = await this.#read(tx, session_id);
    await this.#outbox.add(tx, transitionRows('session.opened', row, null, undefined));
    await writeAudit(tx, by, 'session.open', session_id, null, { state: row.state });
    return row;
  }

  async #update(tx: EntityManager, row: SessionReadRow, state: SessionState, changes: Changes): Promise<void> {
    const columns = Object.keys(changes);
    const values = Object.values(changes).filter((value) => value !== NOW);
    const sets = columns.map((column) => `${column} = ${changes[column as keyof Changes] === NOW ? 'NOW(6)' : '?'}`);
    const result = await tx.query<{ affectedRows: number }>(
      `UPDATE sessions SET ${['state = ?', 'version = version + 1', ...sets].join(', ')}
       WHERE session_id = ? AND state = ? AND version = ?`,
      [state, ...values, row.session_id, row.state, row.version],
    );
    if (result.affectedRows !== 1) throw new Refusal('STATE_CONFLICT', { state: row.state });
  }

  async #read(tx: EntityManager, session_id: string): Promise<SessionReadRow> {
    const row = await this.#sessions.find(session_id, tx);
    if (!row) throw new Error(`${session_id} vanished inside its transaction`);
    return row;
  }
}

export async function writeAudit(
  tx: EntityManager,
  by: Actor,
  action: string,
  subject: string,
  before: unknown,
  after: unknown,
): Promise<void> {
  await tx.query(
    'INSERT INTO audit_log (actor, action, subject, before_value, after_value, ip) VALUES (?, ?, ?, ?, ?, ?)',
    [by.id, action, subject, before && JSON.stringify(before), after && JSON.stringify(after), by.ip ?? null],
  );
}
