import type { DataSource, EntityManager } from 'typeorm';
import { Refusal } from '#libs/contracts';
import { type AgentId, type ChannelId, type SessionId, type TeamId, timeOf, type VisitorId } from '#libs/protocol';
import { type Once, transactOnce } from '../database/once.ts';
import { databaseTime, isDuplicate, transact } from '../database/transact.ts';
import { ChannelRow, SessionRow, VisitorRow } from '../database/entities.ts';
import { newId } from '../database/ids.ts';
import type { FollowUps } from '../log/append-batch.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { QueueStore } from '../queue/queue.store.ts';
import type { Queue } from '../queue/queue.ts';
import { holdSlot } from '../queue/slots.ts';
import type { Actor } from './audit.ts';
import { type SessionReadRow, SessionsStore } from './sessions.store.ts';
import type { Transitions } from './transitions.ts';

export interface Opening {
  visitor_id: VisitorId;
  channel_id: ChannelId;
  origin: SessionRow['origin'];
  by: Actor;
  team_id?: TeamId | undefined;
  attributes?: Record<string, string> | undefined;
  /** The closed session that this one follows; the visitor's last one unless named. */
  previous_session_id?: SessionId | undefined;
  /**
   * Also where the channel has no bot: a notice waits there until the visitor writes, and the writer, which waits for no
   * team's lock, leaves the way into the queue to others.
   */
  beginsWithBot?: boolean | undefined;
  /** An agent who begins it with a known visitor, and serves it. */
  started_by?: AgentId | undefined;
  /** The visitor leaves a message for people; whoever enters a queue while its team is closed does so too. */
  isOffline?: boolean | undefined;
}

/** Opens sessions: at most one open session a visitor, at most one follow-up a closed session, by unique keys alone. */
export class SessionOpening implements FollowUps {
  readonly #dataSource: DataSource;
  readonly #sessions: SessionsStore;
  readonly #transitions: Transitions;
  readonly #outbox: Outbox;
  readonly #queue: Queue;
  readonly #queueStore: QueueStore;

  constructor(
    dataSource: DataSource,
    sessions: SessionsStore,
    transitions: Transitions,
    { outbox, queue, queueStore }: { outbox: Outbox; queue: Queue; queueStore: QueueStore },
  ) {
    this.#dataSource = dataSource;
    this.#sessions = sessions;
    this.#transitions = transitions;
    this.#outbox = outbox;
    this.#queue = queue;
    this.#queueStore = queueStore;
  }

  /**
   * The visitor's open session, opened if there is none.
   * @throws the database's duplicate error when `previous_session_id` was named and is followed by a closed one already
   */
  open(opening: Opening): Promise<SessionReadRow> {
    return this.openOnce(opening, undefined, async (row) => row);
  }

  /**
   * The same as an answer for a caller, stored with the opening under the caller's key.
   * @throws Refusal STATE_CONFLICT to an agent who starts one while the visitor is in somebody else's
   */
  async openOnce<T>(
    opening: Opening,
    once: Once | undefined,
    answer: (row: SessionReadRow, tx: EntityManager) => Promise<T>,
  ): Promise<T> {
    for (;;) {
      try {
        let opened: SessionReadRow | undefined;
        const told = await transactOnce(this.#dataSource, once, async (tx) => {
          const open = await this.#sessions.findOpen(opening.visitor_id, tx);
          if (open) requireOwn(open, opening);
          opened = open ? undefined : await this.#insert(tx, opening);
          return answer(opened ?? (open as SessionReadRow), tx);
        });
        this.#outbox.kick();
        if (opened) this.#queue.kick(opened.team_id);
        return told;
      } catch (error) {
        // Somebody else was first, with this visitor or with this follow-up: what is there now is looked at again.
        if (!isDuplicate(error)) throw error;
        if (opening.previous_session_id && !(await this.#sessions.findOpen(opening.visitor_id))) throw error;
      }
    }
  }

  /** @param opener who writes to the closed session; its visitor unless said */
  async openFollowUp(previous_session_id: SessionId, opener?: Pick<Opening, 'origin' | 'by'>): Promise<SessionId> {
    let closed = await this.#get(previous_session_id);
    // Most often there is an open one already: the chain need not be gone along.
    const open = await this.#sessions.findOpen(closed.visitor_id);
    if (open) return open.session_id;
    for (;;) {
      const next = await this.#dataSource.manager.findOneBy(SessionRow, { previous_session_id: closed.session_id });
      if (next?.state === 'closed') closed = await this.#get(next.session_id);
      else if (next) return next.session_id;
      else {
        const { visitor_id, channel_id, session_id } = closed;
        const { origin, by } = opener ?? { origin: 'visitor', by: { id: visitor_id } };
        const follows = { previous_session_id: session_id, beginsWithBot: true };
        const opening = { visitor_id, channel_id, origin, by, ...follows };
        const row = await this.open(opening).catch((error: unknown) => {
          // It was followed and that one closed, all in this moment: the chain is gone along further.
          if (isDuplicate(error)) return undefined;
          throw error;
        });
        if (row) return row.session_id;
      }
    }
  }

  async openForgotten(forgotten: {
    session_id: SessionId;
    channel_id: ChannelId;
    visitor_id: VisitorId;
  }): Promise<boolean> {
    const { session_id, channel_id, visitor_id } = forgotten;
    if (await this.#sessions.find(session_id)) return true;
    const channel = await this.#dataSource.manager.findOneBy(ChannelRow, { channel_id });
    if (!channel) return false;
    try {
      await transact(this.#dataSource, async (tx) => {
        await tx.query(
          `INSERT INTO visitors (visitor_id, channel_id, attributes, created_at, updated_at) VALUES (?, ?, '{}', NOW(6), NOW(6))
           ON DUPLICATE KEY UPDATE visitor_id = visitor_id`,
          [visitor_id, channel_id],
        );
        // The visitor may have another open session by now: then this one can only be kept as a closed one.
        const isFree = !(await this.#sessions.findOpen(visitor_id));
        const state = isFree ? 'bot' : 'closed';
        await this.#insertRow(tx, {
          session_id,
          state,
          visitor_id,
          channel,
          origin: 'visitor',
          opened_ms: timeOf(session_id),
        });
        await this.#transitions.announceOpened(tx, session_id, { id: 'writer' });
      });
      this.#outbox.kick();
    } catch (error) {
      // Another writer has opened it, or the visitor has opened another one in between: the caller reads again.
      if (!isDuplicate(error)) throw error;
    }
    return true;
  }

  /** For a notice to a user: stays with the bot, untouched by timers, until the visitor writes. */
  openForApi(visitor_id: VisitorId, channel_id: ChannelId, by: Actor): Promise<SessionReadRow> {
    return this.open({ visitor_id, channel_id, origin: 'api', by, beginsWithBot: true });
  }

  async #insert(tx: EntityManager, opening: Opening): Promise<SessionReadRow> {
    const { visitor_id, origin, by } = opening;
    const channel = await this.#channel(tx, opening.channel_id);
    const team_id = opening.team_id ?? channel.team_id;
    const state = openingState(opening, channel);
    const store = this.#queueStore;
    // Also a team that was named is held: the channel's own can't be deleted as long as the channel names it.
    const isHeld = state === 'waiting' || opening.team_id !== undefined;
    const team = isHeld ? await store.lockTeam(tx, team_id) : await store.readTeam(tx, team_id);
    if (!team) throw new Refusal('VALIDATION_FAILED', { detail: 'team_id names no team' });
    const opened_ms = await databaseTime(tx);
    const session_id = newId('ses', opened_ms);
    const previous_session_id = opening.previous_session_id ?? (await this.#findLastClosed(tx, visitor_id));
    const row = {
      session_id,
      state,
      visitor_id,
      channel: { channel_id: channel.channel_id, team_id },
      origin,
      opened_ms,
      agent_id: opening.started_by ?? null,
      is_offline: state === 'waiting' && (opening.isOffline === true || !team.is_open),
    } as const;
    await this.#insertRow(tx, { ...row, previous_session_id, attributes: opening.attributes });
    if (opening.started_by && !(await holdSlot(tx, opening.started_by, 'room'))) throw new Refusal('AGENT_FULL');
    return this.#transitions.announceOpened(tx, session_id, by);
  }

  async #insertRow(
    tx: EntityManager,
    row: {
      session_id: SessionId;
      state: SessionRow['state'];
      visitor_id: VisitorId;
      channel: Pick<ChannelRow, 'channel_id' | 'team_id'>;
      origin: SessionRow['origin'];
      opened_ms: number;
      previous_session_id?: SessionId | undefined;
      attributes?: Record<string, string> | undefined;
      agent_id?: AgentId | null;
      is_offline?: boolean;
    },
  ): Promise<void> {
    const {
      session_id,
      state,
      visitor_id,
      channel,
      origin,
      opened_ms,
      previous_session_id = null,
      attributes = {},
      agent_id = null,
      is_offline = false,
    } = row;
    await tx.query(
      `INSERT INTO sessions (session_id, state, version, origin, channel_id, team_id, visitor_id, open_visitor_id, skills,
         attributes, previous_session_id, opened_at, agent_id, is_offline, enqueued_at, queued_at, assigned_at, closed_at, due_at)
       VALUES (?, ?, 1, ?, ?, ?, ?, ?, '[]', ?, ?, FROM_UNIXTIME(? / 1000), ?, ?, IF(? = 'waiting', NOW(6), NULL),
         IF(? = 'waiting', NOW(6), NULL), IF(? = 'serving', NOW(6), NULL), IF(? = 'closed', NOW(6), NULL), NOW(6))`,
      [
        session_id,
        state,
        origin,
        channel.channel_id,
        channel.team_id,
        visitor_id,
        state === 'closed' ? null : visitor_id,
        JSON.stringify(attributes),
        previous_session_id,
        opened_ms,
        agent_id,
        is_offline,
        state,
        state,
        state,
        state,
      ],
    );
  }

  async #channel(tx: EntityManager, channel_id: ChannelId): Promise<ChannelRow> {
    const channel = await tx.findOneBy(ChannelRow, { channel_id });
    if (!channel) throw new Refusal('NOT_FOUND', { detail: 'no such channel' });
    return channel;
  }

  async #findLastClosed(tx: EntityManager, visitor_id: VisitorId): Promise<SessionId | undefined> {
    const [row] = await tx.query<{ session_id: SessionId }[]>(
      `SELECT s.session_id FROM sessions s WHERE s.visitor_id = ? AND s.closed_at IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM sessions f WHERE f.previous_session_id = s.session_id)
       ORDER BY s.closed_at DESC LIMIT 1`,
      [visitor_id],
    );
    return row?.session_id;
  }

  async #get(session_id: SessionId): Promise<SessionReadRow> {
    const row = await this.#sessions.find(session_id);
    if (!row) throw new Error(`${session_id} is not there`);
    return row;
  }

  /** @throws Refusal NOT_FOUND, or VALIDATION_FAILED for a visitor of another channel than the one that is named */
  async requireVisitor(visitor_id: VisitorId, channel_id: ChannelId | undefined): Promise<VisitorRow> {
    const visitor = await this.#dataSource.manager.findOneBy(VisitorRow, { visitor_id });
    if (!visitor) throw new Refusal('NOT_FOUND', { detail: 'no such visitor' });
    requireSameChannel(channel_id, visitor);
    return visitor;
  }
}

/** A channel that is named beside what has one must be that one. @throws Refusal VALIDATION_FAILED */
export function requireSameChannel(named: ChannelId | undefined, { channel_id }: { channel_id: ChannelId }): void {
  if (named === undefined || named === channel_id) return;
  const message = 'is not the channel of this visitor';
  throw new Refusal('VALIDATION_FAILED', {
    detail: `channel_id: ${message}`,
    errors: [{ path: 'channel_id', message }],
  });
}

function openingState({ beginsWithBot, started_by, isOffline }: Opening, { bot }: Pick<ChannelRow, 'bot'>) {
  if (started_by) return 'serving';
  // A message left for people is not the bot's.
  if (isOffline) return 'waiting';
  return beginsWithBot || bot !== 'none' ? 'bot' : 'waiting';
}

/** An agent gets the session that is open already if it is the agent's own. */
function requireOwn({ state, agent_id }: SessionReadRow, { started_by }: Opening): void {
  if (!started_by || agent_id === started_by) return;
  throw new Refusal('STATE_CONFLICT', { state, detail: 'the visitor has an open session' });
}
