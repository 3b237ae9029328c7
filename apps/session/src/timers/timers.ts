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
import { LRUCache } from 'lru-cache';
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
const MOST_BATCHES = 20;
/** So long a session for which something fails is left alone, by each replica for itself. */
const FAILED_MS = 60_000;
const MOST_FAILED = 10_000;

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

interface Due {
  session_id: SessionId;
}

const commandOf: Partial<Record<DueAction, SessionCommand>> = {
  close: { type: 'close', reason: 'visitor_silent' },
  reply_late: { type: 'reply_late' },
};

export class Timers implements Job {
  readonly #dataSource: DataSource;
  readonly #parts: TimersParts;
  readonly #sweeping: KickedJob;
  readonly #failed = new LRUCache<SessionId, true>({ max: MOST_FAILED, ttl: FAILED_MS });

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
    // Behind a full batch there may be more.
    let isFull = true;
    for (let batch = 0; isFull && batch < MOST_BATCHES; batch += 1) isFull = await this.#lookAtSessions();
  }

  async #expireOffers(): Promise<void> {
    await this.#doEach(await this.#findDue('transfer_expires_at'), async ({ session_id }) => {
      await this.#parts.commands.runAsEngine(session_id, { type: 'transfer_expire' }, async (_tx, row) =>
        // Answered and offered again meanwhile: the new offer has a time of its own.
        row.transfer_expires_at !== null && row.transfer_expires_at <= row.read_at ? {} : undefined,
      );
    });
  }

  /** One batch; true when it was a full one. */
  async #lookAtSessions(): Promise<boolean> {
    const due = await this.#findDue('due_at');
    const planned = (await this.#readAll(due)).map((facts) => ({ ...facts, plan: plan(facts) }));
    const quiet = planned.filter((one) => one.plan.due.length === 0);
    await this.#doEach(quiet, (one) => setNextLook(this.#dataSource.manager, one, one.plan));
    const pending = planned.filter((one) => one.plan.due.length > 0);
    if (pending.length > 0 && !(await this.#parts.hasWriterPassed())) return false;
    await this.#doEach(pending, ({ session_id }) => this.#act(session_id));
    return due.length === BATCH;
  }

  /** Whose time has come, the longest overdue first, without those for which something has just failed. */
  async #findDue(column: 'due_at' | 'transfer_expires_at'): Promise<Due[]> {
    const failed = [...this.#failed.keys()];
    return this.#dataSource.query<Due[]>(
      `SELECT session_id FROM sessions WHERE ${column} <= NOW(6) ${failed.length > 0 ? 'AND session_id NOT IN (?)' : ''}
       ORDER BY ${column} LIMIT ${BATCH}`,
      failed.length > 0 ? [failed] : [],
    );
  }

  /** In one go; when that fails, each by itself, as it may be the fault of one. */
  async #readAll(due: readonly Due[]): Promise<TimerFacts[]> {
    const { manager } = this.#dataSource;
    const { conversations } = this.#parts;
    try {
      return await conversations.read(
        manager,
        due.map(({ session_id }) => session_id),
      );
    } catch {
      const facts: TimerFacts[] = [];
      await this.#doEach(due, async ({ session_id }) => {
        facts.push(...(await conversations.read(manager, [session_id])));
      });
      return facts;
    }
  }

  /**
   * A refusal: somebody else has changed the session, or a word came; the next sweep looks at what is there then. What fails
   * is tried again a while later: with as many of them as are looked at together, no other had a turn.
   */
  async #doEach<Item extends Due>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
    const failed = await doEach(items, work, { what: 'a timer', log: this.#parts.log });
    for (const { session_id } of failed) this.#failed.set(session_id, true);
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
    const { agents, commands } = this.#parts;
    await commands.runAsEngine(session_id, command, async (tx, row) => {
      const facts = await this.#readOne(tx, session_id);
      const { due, told } = plan(facts);
      if (!due.some((action) => commandOf[action]?.type === command.type)) return undefined;
      await this.#writeTold(tx, row, facts, { due, told });
      if (command.type === 'reply_late' && row.agent_id) {
        // Who does not answer is given nothing more, this slot neither, until the agent says to be there.
        await agents.setStatusIn(tx, row.agent_id, 'away', 'first_reply_late', ENGINE, { isSign: false });
      }
      return { head: facts.head };
    });
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
