/**
 * The timers: offers that run out, visitors who wait too long or say nothing, replies that are late, words nobody has seen.
 *
 * What is due lies in MySQL (`transfer_expires_at`, `due_at`), so nothing is lost with a process or with Redis, and any
 * replica may sweep. `plan-timers.ts` says what is due.
 *
 * Guarantees
 * - Nothing is done about silence while the writer lags: what was acked before a session was found due may still be on its
 *   way. The sweep reads the ends of the inbound topic after that, and acts when the stored places have passed them.
 * - What is done is decided again under the session's row lock, from the log as it is then, and a closing's UPDATE compares
 *   the log's head once more. So no session is closed against a word that was stored before.
 * - Done once: what was told is stored in the transaction that tells it.
 *
 * Lifecycle: `start` sweeps each second; a sweep that can't be finished leaves its rows to the next one, and a session for
 * which something fails has its next turn a minute later.
 */
import type { DataSource, EntityManager } from 'typeorm';
import type { SlaEvent, UnseenEvent } from '#libs/contracts';
import type { Logger } from '#libs/observability';
import type { AgentId, SessionId } from '#libs/protocol';
import { newId } from '../database/ids.ts';
import { transact } from '../database/transact.ts';
import { doEach } from '../jobs/each.ts';
import type { Job } from '../jobs/job.ts';
import { KickedJob } from '../jobs/kicked-job.ts';
import { ENGINE } from '../lifecycle/audit.ts';
import type { SessionCommand } from '../lifecycle/plan-command.ts';
import type { RunCommand } from '../lifecycle/run-command.ts';
import type { SessionReadRow, SessionsStore } from '../lifecycle/sessions.store.ts';
import { systemEntry } from '../lifecycle/told-of-commands.ts';
import { entryRow } from '../lifecycle/transition-rows.ts';
import { eventRow } from '../outbox/event-row.ts';
import type { Outbox, OutboxRow } from '../outbox/outbox.ts';
import type { Agents } from '../people/agents.ts';
import type { ConversationStore, TimerFacts } from './conversation.store.ts';
import { type DueAction, planTimers, type TimerPlan } from './plan-timers.ts';

const BATCH = 200;
const PUT_OFF_SECONDS = 60;

export interface TimersParts {
  conversations: ConversationStore;
  sessions: SessionsStore;
  commands: RunCommand;
  agents: Agents;
  outbox: Outbox;
  /** Whether everything that is in the inbound topic now has been stored; waits a while for it. */
  hasWriterPassed: () => Promise<boolean>;
  log: Logger;
}

const commandOf: Partial<Record<DueAction, SessionCommand>> = {
  close: { type: 'close', reason: 'visitor_silent' },
  reply_late: { type: 'reply_late' },
};

export class Timers implements Job {
  readonly #dataSource: DataSource;
  readonly #parts: TimersParts;
  readonly #sweeping: KickedJob;

  constructor(dataSource: DataSource, parts: TimersParts) {
    this.#dataSource = dataSource;
    this.#parts = parts;
    this.#sweeping = new KickedJob('sweeping the timers', () => this.sweep(), parts.log);
  }

  start(): void {
    this.#sweeping.start();
  }

  stop(): Promise<void> {
    return this.#sweeping.stop();
  }

  /** Does what is due now. */
  async sweep(): Promise<void> {
    await this.#expireOffers();
    await this.#lookAtSessions();
  }

  async #expireOffers(): Promise<void> {
    const expired = await this.#dataSource.query<{ session_id: SessionId }[]>(
      `SELECT session_id FROM sessions WHERE transfer_expires_at <= NOW(6) ORDER BY transfer_expires_at LIMIT ${BATCH}`,
    );
    await this.#doEach(expired, async ({ session_id }) => {
      await this.#parts.commands.runAsEngine(session_id, { type: 'transfer_expire' }, async (_tx, row) =>
        // Answered and offered again meanwhile: the new offer has a time of its own.
        row.transfer_expires_at !== null && row.transfer_expires_at <= row.read_at ? {} : undefined,
      );
    });
  }

  async #lookAtSessions(): Promise<void> {
    const due = await this.#dataSource.query<{ session_id: SessionId }[]>(
      `SELECT session_id FROM sessions WHERE due_at <= NOW(6) ORDER BY due_at LIMIT ${BATCH}`,
    );
    const session_ids = due.map(({ session_id }) => session_id);
    const facts = await this.#readAll(session_ids);
    const read = new Set(facts.map(({ session_id }) => session_id));
    const failed = session_ids.filter((session_id) => !read.has(session_id));
    const planned = facts.map((one) => ({ facts: one, plan: plan(one) }));
    const quiet = planned.filter((one) => one.plan.due.length === 0);
    await this.#doEach(quiet, (one) => setNextLook(this.#dataSource.manager, one.facts, one.plan));
    const pending = planned.filter((one) => one.plan.due.length > 0).map((one) => one.facts.session_id);
    if (pending.length > 0 && (await this.#parts.hasWriterPassed())) {
      failed.push(...(await this.#doEach(pending, (session_id) => this.#act(session_id))));
    }
    await this.#putOff(failed);
  }

  /** What fails for one session is tried again later: with as many of them as are looked at together, no other had a turn. */
  async #putOff(session_ids: readonly SessionId[]): Promise<void> {
    if (session_ids.length === 0) return;
    await this.#dataSource.query(
      `UPDATE sessions SET due_at = NOW(6) + INTERVAL ${PUT_OFF_SECONDS} SECOND WHERE session_id IN (?) AND due_at <= NOW(6)`,
      [session_ids],
    );
  }

  /** In one go; when that fails, each by itself, as it may be the fault of one. */
  async #readAll(session_ids: readonly SessionId[]): Promise<TimerFacts[]> {
    const { manager } = this.#dataSource;
    try {
      return await this.#parts.conversations.read(manager, session_ids);
    } catch {
      const facts: TimerFacts[] = [];
      await this.#doEach(session_ids, async (session_id) => {
        facts.push(...(await this.#parts.conversations.read(manager, [session_id])));
      });
      return facts;
    }
  }

  /** A refusal: somebody else has changed the session, or a word came. The next sweep looks at what is there then. */
  #doEach<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<Item[]> {
    return doEach(items, work, { what: 'a timer', log: this.#parts.log });
  }

  async #act(session_id: SessionId): Promise<void> {
    const again = (await this.#parts.conversations.read(this.#dataSource.manager, [session_id]))[0];
    const command =
      again &&
      plan(again)
        .due.map((action) => commandOf[action])
        .find((found) => found !== undefined);
    if (command) await this.#runCommand(session_id, command);
    else await this.#tell(session_id);
  }

  /** A transition, with what is to be told before it in the same transaction. */
  async #runCommand(session_id: SessionId, command: SessionCommand): Promise<void> {
    let late: AgentId | null = null;
    const after = await this.#parts.commands.runAsEngine(session_id, command, async (tx, row) => {
      late = row.agent_id;
      const facts = await this.#readOne(tx, session_id);
      const { due, told } = plan(facts);
      if (!due.some((action) => commandOf[action]?.type === command.type)) return undefined;
      await this.#writeTold(tx, row, facts, { due, told });
      return { head: facts.head };
    });
    if (!after || !late || command.type !== 'reply_late') return;
    // Somebody who does not answer is given nothing more, until the agent says to be there.
    await this.#parts.agents.setStatus(late, 'away', 'first_reply_late', ENGINE, { isSign: false });
  }

  /** What is told without a transition. */
  async #tell(session_id: SessionId): Promise<void> {
    await transact(this.#dataSource, async (tx) => {
      const row = await this.#parts.sessions.lock(tx, session_id);
      if (!row) return;
      const facts = await this.#readOne(tx, session_id);
      const planned = plan(facts);
      // A transition is due by now: the next sweep does it, and tells what belongs to it.
      if (planned.due.length === 0 || planned.due.some((action) => commandOf[action])) return;
      await this.#writeTold(tx, row, facts, planned);
      await setNextLook(tx, facts, planned);
    });
    this.#parts.outbox.kick();
  }

  async #writeTold(
    tx: EntityManager,
    row: SessionReadRow,
    facts: TimerFacts,
    { due, told }: Pick<TimerPlan, 'due' | 'told'>,
  ): Promise<void> {
    const rows: OutboxRow[] = [];
    for (const action of due) rows.push(...(await this.#rowsOf(tx, action, row, facts)));
    if (rows.length > 0) await this.#parts.outbox.add(tx, rows);
    await tx.query('UPDATE sessions SET told = ? WHERE session_id = ?', [JSON.stringify(told), row.session_id]);
  }

  async #rowsOf(tx: EntityManager, action: DueAction, row: SessionReadRow, facts: TimerFacts): Promise<OutboxRow[]> {
    switch (action) {
      case 'offer_message':
        return entry(row, 'waiting');
      case 'remind':
        return entry(row, 'reminded');
      case 'warn_first_reply':
        return [eventRow(await slaEvent(tx, row, 'first_reply', 'agent'))];
      case 'warn_next_reply':
        return [eventRow(await slaEvent(tx, row, 'next_reply', 'agent'))];
      case 'escalate_next_reply':
        return [eventRow(await slaEvent(tx, row, 'next_reply', 'supervisor'))];
      case 'report_unseen':
        return [eventRow(await unseenEvent(tx, row, facts))];
      case 'close':
      case 'reply_late':
        return []; // the transition tells of itself
    }
  }

  async #readOne(tx: EntityManager, session_id: SessionId): Promise<TimerFacts> {
    const [facts] = await this.#parts.conversations.read(tx, [session_id]);
    if (!facts) throw new Error(`${session_id} vanished inside its transaction`);
    return facts;
  }
}

function plan({ session, talk, settings, now }: TimerFacts): TimerPlan {
  return planTimers(session, talk, settings, now);
}

/** A transition, or settings that have changed, may have set another time since the facts were read: that one stays. */
async function setNextLook(
  tx: EntityManager,
  { session_id, due_at, now }: TimerFacts,
  { look_at }: TimerPlan,
): Promise<void> {
  await tx.query(
    `UPDATE sessions SET due_at = NOW(6) + INTERVAL ? * 1000 MICROSECOND WHERE session_id = ? AND due_at <=> ?`,
    [look_at === null ? null : Math.max(0, look_at - now), session_id, due_at],
  );
}

function entry(row: SessionReadRow, kind: 'waiting' | 'reminded'): OutboxRow[] {
  const said = systemEntry(kind, row);
  return said ? [entryRow(row, said)] : [];
}

async function slaEvent(
  tx: EntityManager,
  { session_id, agent_id, team_id, read_at }: SessionReadRow,
  kind: SlaEvent['data']['kind'],
  level: SlaEvent['data']['level'],
): Promise<SlaEvent> {
  const supervisors = await tx.query<{ agent_id: AgentId }[]>(
    `SELECT a.agent_id FROM agents a JOIN team_members m ON m.agent_id = a.agent_id
     WHERE m.team_id = ? AND a.role = 'supervisor' AND a.disabled = 0`,
    [team_id],
  );
  const supervisor_ids = supervisors.map((supervisor) => supervisor.agent_id);
  const data = { kind, level, agent_id, team_id, supervisor_ids };
  return { event_id: newId('evt'), type: 'sla.breached', occurred_at: read_at.toISOString(), session_id, data };
}

async function unseenEvent(
  tx: EntityManager,
  { session_id, visitor_id, read_at }: SessionReadRow,
  { talk }: TimerFacts,
): Promise<UnseenEvent> {
  const [visitor] = await tx.query<{ user_id: string | null }[]>('SELECT user_id FROM visitors WHERE visitor_id = ?', [
    visitor_id,
  ]);
  const from_seq_id = talk.unseen?.seq_id ?? 1;
  const to_seq_id = Math.max(from_seq_id, talk.last?.seq_id ?? 0);
  const data = { visitor: { visitor_id, user_id: visitor?.user_id ?? null }, from_seq_id, to_seq_id };
  return { event_id: newId('evt'), type: 'message.unseen', occurred_at: read_at.toISOString(), session_id, data };
}
