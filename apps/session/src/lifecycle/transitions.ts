/**
 * A transition is one transaction: state and version in the WHERE, the slots it takes and gives, audit line, outbox rows.
 * Nothing else changes a session's state.
 *
 * Lock order: team → session → agent. Who enters a queue takes the team's row lock in a statement of its own first, and
 * reads the clock behind it, so that queue order is lock order.
 *
 * Slots follow from who owns the session before and after: no command can forget one.
 */
import type { EntityManager } from 'typeorm';
import { Refusal, type SessionState } from '#libs/contracts';
import type { Command } from '#libs/domain';
import type { Failpoints } from '#libs/observability';
import { isId } from '#libs/protocol';
import { newId } from '../database/ids.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { holdSlot, releaseSlot, type SlotRule } from '../queue/slots.ts';
import { type Actor, writeAudit } from './audit.ts';
import { type Changes, NOW, toAssignments } from './changes.ts';
import { insertNote } from './notes.ts';
import { holderOf, type SessionReadRow, SessionsStore } from './sessions.store.ts';
import { openingEntry, toldOf } from './told-of-commands.ts';
import { transitionRows } from './transition-rows.ts';

/** What a command does, as it was decided. */
export interface Transition {
  readonly command: Command;
  readonly next: SessionState;
  readonly changes: Changes;
  /** What holds for the slot of who serves afterwards, if that is somebody else than before. */
  readonly slot: SlotRule;
  readonly reason: string | null;
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
   * Applies a transition to a session whose row lock is held; returns it as it is afterwards.
   * @param head where the log must still end, for what is done about silence
   * @throws Refusal AGENT_FULL when the slot can't be had, STATE_CONFLICT when the log has gone on
   */
  async apply(
    tx: EntityManager,
    row: SessionReadRow,
    transition: Transition,
    by: Actor,
    head?: number,
  ): Promise<SessionReadRow> {
    await this.#update(tx, row, transition, head);
    this.#failpoints.hit('lifecycle.in_transition');
    const after = await this.#read(tx, row.session_id);
    await moveSlot(tx, holderOf(row), holderOf(after), transition.slot);
    const told = toldOf(transition, row, after);
    await this.#outbox.add(tx, transitionRows(after, { ...told, previous: previousOf(row) }));
    await noteReason(tx, row, transition, by);
    const { state, agent_id, team_id } = after;
    const subject = { state, agent_id, team_id, reason: transition.reason ?? undefined };
    await writeAudit(tx, by, `session.${transition.command}`, row.session_id, previousOf(row), subject);
    this.#failpoints.hit('lifecycle.before_commit');
    return after;
  }

  /** Changes what is no state, such as tags or the priority; told as `type`, without an entry in the log. */
  async edit(
    tx: EntityManager,
    row: SessionReadRow,
    { type, changes }: { type: 'session.updated' | 'session.tagged'; changes: Changes },
    by: Actor,
  ): Promise<SessionReadRow> {
    await this.#set(tx, row, row.state, changes);
    const after = await this.#read(tx, row.session_id);
    await this.#outbox.add(
      tx,
      transitionRows(after, { type, previous: previousOf(row), reason: null, entry: undefined }),
    );
    const before = Object.fromEntries(Object.keys(changes).map((name) => [name, row[name as keyof SessionReadRow]]));
    await writeAudit(tx, by, type, row.session_id, before, changes);
    return after;
  }

  /** Tells of a session that was just inserted. */
  async announceOpened(tx: EntityManager, session_id: string, by: Actor): Promise<SessionReadRow> {
    const row = await this.#read(tx, session_id);
    const told = { type: 'session.opened', previous: null, reason: null, entry: openingEntry(row) } as const;
    await this.#outbox.add(tx, transitionRows(row, told));
    await writeAudit(tx, by, 'session.open', session_id, null, { state: row.state });
    return row;
  }

  #update(tx: EntityManager, row: SessionReadRow, { next, changes }: Transition, head?: number): Promise<void> {
    // The timers look at every new state as soon as they can.
    return this.#set(tx, row, next, { ...changes, due_at: NOW }, head);
  }

  async #set(
    tx: EntityManager,
    row: SessionReadRow,
    state: SessionState,
    changes: Changes,
    head?: number,
  ): Promise<void> {
    const sameHead =
      'AND COALESCE((SELECT MAX(m.seq_id) FROM messages m WHERE m.session_id = sessions.session_id), 0) = ?';
    const { sets, values } = toAssignments(changes);
    const result = await tx.query<{ affectedRows: number }>(
      `UPDATE sessions SET ${['state = ?', 'version = version + 1', ...sets].join(', ')}
       WHERE session_id = ? AND state = ? AND version = ? ${head === undefined ? '' : sameHead}`,
      [state, ...values, row.session_id, row.state, row.version, ...(head === undefined ? [] : [head])],
    );
    if (result.affectedRows !== 1) throw new Refusal('STATE_CONFLICT', { state: row.state });
  }

  async #read(tx: EntityManager, session_id: string): Promise<SessionReadRow> {
    const row = await this.#sessions.find(session_id, tx);
    if (!row) throw new Error(`${session_id} vanished inside its transaction`);
    return row;
  }
}

/** Why somebody gives a session away is for those who get it: a note, as visitors read the log. */
async function noteReason(
  tx: EntityManager,
  row: SessionReadRow,
  { command, reason }: Transition,
  by: Actor,
): Promise<void> {
  const isGiven = command === 'transfer_to_agent' || command === 'transfer_to_team';
  if (isGiven && reason !== null && isId('agt', by.id)) {
    await insertNote(tx, newId('note'), row, { author_id: by.id, content: reason });
  }
}

async function moveSlot(tx: EntityManager, from: string | null, to: string | null, rule: SlotRule): Promise<void> {
  if (from === to) return;
  if (from) await releaseSlot(tx, from);
  if (to && !(await holdSlot(tx, to, rule))) throw new Refusal('AGENT_FULL');
}

function previousOf({ state, agent_id, team_id, transfer_to_agent_id }: SessionReadRow) {
  return { state, agent_id, team_id, transfer_to_agent_id };
}
