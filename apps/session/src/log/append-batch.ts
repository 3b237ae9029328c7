/**
 * The writer: numbers and stores every message, and shows it to the world only after the commit.
 *
 * Guarantees: what was acked is stored exactly once (identity), under 1, 2, 3, … without a hole (the primary key), and is
 * published after its commit, in the order of its session. A repeat of the batch, or of a part of it, changes nothing.
 *
 * Invariants:
 * - nothing is counted in memory: every batch reads the last numbers from the primary;
 * - no transaction, no lock, no lease: the two unique keys of `messages` are the fence against a second writer. An insert
 *   that collides throws the whole read away and starts the batch again;
 * - read, insert and the stored place go over one connection: a database that was replaced in between breaks it;
 * - offsets move only after all rows, seen before or new, are in `chat.messages.v1` and relocated words in Kafka.
 *
 * Lifecycle of a batch: parse → read → (open unknown sessions) → plan → insert → publish → relocate; then libs/kafka
 * resolves its offsets, and `LogPlace.store` writes them to MySQL before Kafka hears of them.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { topics } from '#libs/contracts';
import { type PartitionOffset, RecordError, type RecordBatch, Rewind, type TopicRecord } from '#libs/kafka';
import type { Failpoints, Logger } from '#libs/observability';
import type { SessionId } from '#libs/protocol';
import { errnoOf, isConnectionLost, isDuplicate, isRetryable } from '../database/transact.ts';
import { type Inbound, inboundHeaders, parseInbound } from './inbound.ts';
import type { LogPlace } from './log-place.ts';
import { messageRecords } from './message-records.ts';
import type { LogFacts, MessageStore } from './message.store.ts';
import { type BatchPlan, planBatch } from './plan-batch.ts';

/** What the writer asks of the session machine, which waits for no team's lock then; see lifecycle/session-opening. */
export interface FollowUps {
  /** The open session that follows a closed one; opened when there is none. */
  openFollowUp(previous_session_id: SessionId): Promise<SessionId>;
  /** Opens a session that the database has forgotten, without an agent. False when it does not know the channel either. */
  openForgotten(inbound: Pick<Inbound, 'channel_id' | 'visitor_id'> & { session_id: SessionId }): Promise<boolean>;
}

export interface AppendBatchParts {
  store: MessageStore;
  place: LogPlace;
  followUps: FollowUps;
  publish: (records: TopicRecord[]) => Promise<void>;
  /** Told of each session that has new rows, after they were published. */
  onStored: (session_ids: ReadonlySet<string>) => void;
  /** Told that sessions wait to be taken into their queues. */
  onQueueRequested: () => void;
  failpoints: Failpoints;
  log: Logger;
}

/** Errors of the data itself: the same row fails whoever inserts it. */
const DATA_ERRORS = new Set([1153, 1264, 1366, 1406, 3988]);
const MAX_PAUSE_MS = 1_000;

export class AppendBatch {
  readonly #parts: AppendBatchParts;
  #running = 0;
  #watching: Promise<PartitionOffset[]> = Promise.resolve([]);

  constructor(parts: AppendBatchParts) {
    this.#parts = parts;
  }

  /** @throws RecordError (to be bisected), Rewind; anything else is to be tried again. */
  async run(batch: RecordBatch): Promise<void> {
    this.#running += 1;
    try {
      // These records were read before the watch went back: numbered now they would stand before those to be filled in.
      const back = await this.#watching.catch(() => []);
      if (back.length > 0) throw new Rewind(back);
      await this.#append(batch);
    } finally {
      this.#running -= 1;
    }
  }

  /** Between batches: looks whether the database went back while nothing came in. */
  async watch(): Promise<void> {
    if (this.#running > 0) return;
    const watching = this.#parts.place.watch();
    this.#watching = watching;
    try {
      await watching;
    } finally {
      this.#watching = Promise.resolve([]);
    }
  }

  async #append(batch: RecordBatch): Promise<void> {
    const { failpoints, publish, onStored, onQueueRequested } = this.#parts;
    const inbound = parseInbound(batch.records);
    const { plan, facts } = await this.#store(batch, inbound);
    if (plan.publish.length > 0) await publish(messageRecords(plan.publish, facts));
    failpoints.hit('log.after_publish');
    await this.#relocate(plan.relocate);
    onStored(new Set(plan.insert.map((message) => message.session_id)));
    if (plan.enqueue.length > 0) onQueueRequested();
  }

  /** Until it is stored, or the partitions are somebody else's. */
  async #store(batch: RecordBatch, inbound: readonly Inbound[]): Promise<{ plan: BatchPlan; facts: LogFacts }> {
    const { store, log } = this.#parts;
    for (let attempt = 1; ; attempt += 1) {
      batch.signal.throwIfAborted();
      try {
        return await this.#storeOnce(batch, inbound);
      } catch (error) {
        if (isConnectionLost(error)) {
          store.disconnect();
          if (attempt === 1) log.warn({ err: error }, 'the database is away: the batch waits');
        } else if (isData(error)) {
          throw new RecordError(`MYSQL_${errnoOf(error)}`, 'the database refuses the row', { cause: error });
        } else if (!isDuplicate(error) && !isRetryable(error)) throw error;
        // A collision is another writer's work: what it stored is read again at once.
        const wait = isConnectionLost(error) ? Math.min(MAX_PAUSE_MS, 20 * 2 ** Math.min(attempt, 10)) : 5 * attempt;
        await delay(Math.min(wait, MAX_PAUSE_MS) * (0.5 + Math.random() / 2), undefined, { signal: batch.signal });
      }
    }
  }

  async #storeOnce(batch: RecordBatch, inbound: readonly Inbound[]): Promise<{ plan: BatchPlan; facts: LogFacts }> {
    const { store, place, failpoints } = this.#parts;
    const facts = await this.#readFacts(batch, inbound);
    await place.check(batch.parts, facts.offsets);
    const plan = planBatch(inbound, facts);
    failpoints.hit('log.before_insert');
    await store.insert(plan.insert, facts.connection_id);
    await store.insertDropped(plan.drop, facts.connection_id);
    await store.requestQueue(plan.enqueue, facts.connection_id);
    place.noteStored(batch.parts, facts.connection_id);
    failpoints.hit('log.after_insert');
    return { plan, facts };
  }

  async #readFacts(batch: RecordBatch, inbound: readonly Inbound[]): Promise<LogFacts> {
    const { store, followUps, log } = this.#parts;
    const partitions = batch.parts.map((part) => part.partition);
    const facts = await store.readFacts(inbound, partitions);
    const unknown = new Map(
      inbound
        .filter(({ draft }) => !facts.sessions.has(draft.session_id) && !facts.stored.has(draft.message_id))
        .map((record) => [record.draft.session_id, record]),
    );
    if (unknown.size === 0) return facts;
    for (const [session_id, record] of unknown) {
      log.error({ session_id }, 'the database does not know this session: it is opened from the record');
      const { channel_id, visitor_id } = record;
      if (await followUps.openForgotten({ session_id, channel_id, visitor_id })) continue;
      throw new RecordError('UNKNOWN_CHANNEL', 'no such channel', { index: inbound.indexOf(record) });
    }
    return store.readFacts(inbound, partitions);
  }

  /** In their order, with their identity; durable in Kafka before the offsets of where they came from move. */
  async #relocate(relocate: readonly Inbound[]): Promise<void> {
    if (relocate.length === 0) return;
    const goals = new Map<SessionId, SessionId>();
    for (const { draft } of relocate) {
      const { session_id } = draft;
      if (!goals.has(session_id)) goals.set(session_id, await this.#parts.followUps.openFollowUp(session_id));
    }
    await this.#parts.publish(
      relocate.map(({ draft, channel_id, visitor_id }) => {
        const session_id = goals.get(draft.session_id) ?? draft.session_id;
        const target = draft.target === draft.session_id ? session_id : draft.target;
        return {
          topic: topics.inbound.name,
          key: session_id,
          value: JSON.stringify({ ...draft, session_id, target }),
          headers: inboundHeaders(channel_id, visitor_id),
        };
      }),
    );
  }
}

function isData(error: unknown): boolean {
  return DATA_ERRORS.has(errnoOf(error) ?? 0);
}
