/**
 * Reads topics as a member of a group and hands records to one handler, batch after batch.
 *
 * What happens
 * - kafkajs fetches from all partitions at once and calls `eachBatch` once a partition; all these calls become ONE call of
 *   the handler (at most `maxRecords`, the rest follows). The next fetch waits for them, so memory holds one fetch a broker.
 * - When the handler returns, its records count as handled. About twice a second `beforeCommit` and then Kafka learn how far.
 * - While the handler works, fails, or is paused, heartbeats go on, so that the member keeps its partitions. When Kafka
 *   answers that the group rebalances, kafkajs rejoins at once: the handler's work of the old assignment goes on alone and
 *   counts for nothing.
 *
 * Guarantees
 * - At least once: an offset is committed only after every record below it in its partition was handled or dead-lettered.
 * - One call of the handler at a time, also across rebalances; in a partition, records ascend.
 * - Nothing is skipped: not by an error (see run-work.ts), and not by Kafka having lost the offset (the partition stops).
 * - A commit that comes late fails at Kafka by its generation and harms nobody.
 *
 * kafkajs' own way is not used where it loses: it resolves a batch whose handler returned early (`eachBatchAutoResolve`), it
 * ends for good at a TypeError in a handler (all are caught here) and when a broker that stops has no coordinator to name, and
 * it moves a position that Kafka no longer has to the first record, overwriting the committed one (offset-guard.ts).
 */
import type { Consumer, EachBatchPayload } from 'kafkajs';
import { Assignment, partitionKey } from './assignment.ts';
import { Commits } from './commits.ts';
import { completeOptions, groupOptions, type BatchConsumerOptions, type ConsumerSettings } from './consumer-options.ts';
import { ConsumerMetrics } from './consumer-metrics.ts';
import { DeadLetters } from './dead-letters.ts';
import { pauseUnless, retryWithin, within } from './deadline.ts';
import { ConsumerCrashed, KafkaError } from './errors.ts';
import { listenToGroup } from './group-events.ts';
import { Heartbeat } from './heartbeat.ts';
import { type Fetched, type Slice, takeWork } from './inbox.ts';
import { errorCode, isCoordinatorAway } from './kafkajs-error.ts';
import { askForLag, tellLag } from './lag.ts';
import { OffsetGuard } from './offset-guard.ts';
import type { KafkaRecord, PartitionOffset, TopicPartition } from './record.ts';
import { runWork, type WorkPorts } from './run-work.ts';
import { tellHooks } from './tell-hooks.ts';
import { positionOf, toRecord } from './to-record.ts';
import { countPartitions } from './topics.ts';

const START_LIMIT_MS = 60_000;
const WATCH_MS = 5_000;
const RESTART_MS = 500;
// kafkajs has hung without a word after a broker's restart; its own timeouts and restarts are over long before this.
const SILENCE_LIMIT_MS = 180_000;

export class BatchConsumer {
  readonly #settings: ConsumerSettings;
  readonly #consumer: Consumer;
  readonly #deadLetters: DeadLetters;
  readonly #metrics: ConsumerMetrics;
  readonly #guard: OffsetGuard;
  readonly #heartbeat: Heartbeat;
  readonly #commits: Commits;
  readonly #inbox: Fetched[] = [];
  readonly #ending = new AbortController();
  #assignment = new Assignment([]);
  #ready: Promise<void> = Promise.resolve();
  #state: 'new' | 'running' | 'closing' | 'closed' | 'crashed' = 'new';
  #isPaused = false;
  #partitions = 0;
  #working: Promise<void> | undefined;
  #lastLife = performance.now();
  #watch: NodeJS.Timeout | undefined;

  constructor(options: BatchConsumerOptions) {
    const settings = completeOptions(options);
    this.#settings = settings;
    this.#metrics = new ConsumerMetrics(settings.metrics, settings.groupId, settings.topics);
    this.#deadLetters = new DeadLetters(settings);
    this.#guard = new OffsetGuard(settings, this.#metrics);
    this.#consumer = settings.kafka.consumer(groupOptions(settings), (message, fields) =>
      this.#guard.inspect(message, fields),
    );
    this.#guard.guard(this.#consumer);
    this.#heartbeat = new Heartbeat(settings.heartbeatMs / 3, (error) => this.#releaseInbox(error));
    this.#commits = new Commits(settings, this.#consumer, this.#metrics, () => this.#startWork());
    listenToGroup(this.#consumer, settings.topics, {
      alive: () => (this.#lastLife = performance.now()),
      rebalancing: () => this.#commits.commitBeforeJoin(this.#assignment),
      assigned: (partitions) => this.#assign(partitions),
      crashed: (error, willRestart) => this.#noteCrash(error, willRestart),
    });
  }

  /**
   * Joins the group, or goes on trying to, and begins to read.
   * @throws DeadlineExceeded when Kafka or a topic is not there within a minute.
   */
  async start(): Promise<void> {
    const { kafka, topics } = this.#settings;
    this.#partitions = await retryWithin(START_LIMIT_MS, `finding ${topics.join(', ')}`, () =>
      countPartitions(kafka, topics),
    );
    await retryWithin(START_LIMIT_MS, 'connecting a consumer to Kafka', () => this.#consumer.connect());
    await this.#consumer.subscribe({ topics: [...topics], fromBeginning: true });
    this.#state = 'running';
    this.#watch = setInterval(() => void this.#lookAround(), WATCH_MS);
    await this.#run();
  }

  /** Hands out no more batches until `resume`; what was fetched is kept, and so are the partitions. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#startWork();
  }

  /** Goes on at that offset; ignored for a partition of someone else. */
  seek(topic: string, partition: number, offset: bigint): void {
    this.#rewind([{ topic, partition, offset }]);
  }

  /** For readiness. @throws with the reason when not a living member of the group. */
  checkHealth(): void {
    const { groupId, sessionTimeoutMs } = this.#settings;
    if (this.#state !== 'running') throw new Error(`the consumer of ${groupId} is ${this.#state}`);
    if (this.#assignment.signal.aborted) throw new Error(`the consumer of ${groupId} is not in its group`);
    const silentMs = performance.now() - this.#lastLife;
    if (silentMs > 2 * sessionTimeoutMs) throw new Error(`the consumer of ${groupId} is silent`);
  }

  /**
   * Lets the handler finish what it has, commits, leaves the group and disconnects, within the drain deadline; what the
   * deadline cuts off comes again to someone else.
   */
  async close(): Promise<void> {
    if (this.#state === 'closed' || this.#state === 'closing') return;
    const end = performance.now() + this.#settings.drainDeadlineMs;
    const left = () => Math.max(1, end - performance.now());
    this.#state = 'closing';
    this.#ending.abort();
    clearInterval(this.#watch);
    const { log, groupId } = this.#settings;
    const settle = (what: string, wait: Promise<unknown>) =>
      within(left(), what, wait).catch((err: unknown) => log.error({ err, group: groupId }, `${what} failed`));
    // A third is kept for commit and leave.
    const drained = within(left() * (2 / 3), 'the last batch', this.#working ?? Promise.resolve());
    await drained.catch((err: unknown) => log.error({ err, group: groupId }, 'the last batch was cut off'));
    await settle('the last commit', this.#commits.commitLast(this.#assignment));
    this.#assignment.end();
    this.#heartbeat.stop();
    const disconnected = this.#consumer.disconnect();
    // From here on kafkajs fetches no more, so those it waits for can go.
    this.#releaseInbox();
    await settle('leaving the group', disconnected);
    await settle('closing the dead letters', this.#deadLetters.close());
    this.#state = 'closed';
  }

  /** Returns when the group was joined, or could not be: kafkajs tells of that as a crash. */
  async #run(): Promise<void> {
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      // One for each partition, or those of one fetch would come in turns instead of together.
      partitionsConsumedConcurrently: this.#partitions,
      eachBatch: (payload) => this.#receive(payload),
    });
  }

  async #receive(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const at = { topic: batch.topic, partition: batch.partition };
    // A process that was frozen may read on what belongs to another now: a fetch asks nobody, a heartbeat does.
    if (performance.now() - this.#lastLife > this.#settings.sessionTimeoutMs) await payload.heartbeat();
    this.#assignment.noteFetched(at, positionOf(batch), BigInt(batch.highWatermark));
    await new Promise<void>((resolve, reject) => {
      const fetched: Fetched = {
        ...at,
        records: batch.messages.map((message) => toRecord(at, message)),
        resolve: (offset) => payload.resolveOffset(String(offset)),
        finish: (error) => {
          const index = this.#inbox.indexOf(fetched);
          if (index !== -1) this.#inbox.splice(index, 1);
          if (this.#inbox.length === 0) this.#heartbeat.stop();
          // kafkajs looks at the error's fields to tell a rebalance: it must be the one it threw.
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      this.#inbox.push(fetched);
      this.#heartbeat.start(() => payload.heartbeat());
      this.#startWork();
    });
  }

  #releaseInbox(error?: Error): void {
    for (const fetched of this.#inbox.slice()) fetched.finish(error);
  }

  /** Begins in the next microtask: kafkajs hands over all partitions of a fetch in this one. */
  #startWork(): void {
    if (this.#working !== undefined || this.#state !== 'running') return;
    this.#working = Promise.resolve()
      .then(() => this.#work())
      .catch((error: unknown) => this.#crash('an error in the consumer itself', error))
      .finally(() => (this.#working = undefined));
  }

  async #work(): Promise<void> {
    while (this.#state === 'running') {
      await this.#commits.commitIfDue(this.#assignment);
      const slices = this.#isPaused ? [] : takeWork(this.#inbox, this.#settings.maxRecords);
      if (slices.length === 0) return;
      const assignment = this.#assignment;
      await this.#ready;
      // Another one has come meanwhile, and these records come again with it.
      if (assignment !== this.#assignment) continue;
      await this.#handle(slices, assignment);
    }
  }

  async #handle(slices: readonly Slice[], assignment: Assignment): Promise<void> {
    const records = slices.flatMap((slice) => slice.records).filter((record) => !assignment.isHandled(record));
    if (records.length > 0) await runWork(records, this.#portsFor(assignment));
    this.#metrics.stuck([]);
    this.#commits.schedule();
    for (const { from, records: taken } of slices) {
      const last = taken.at(-1);
      if (last === undefined || !this.#inbox.includes(from) || !assignment.isHandled(last)) continue;
      from.resolve(last.offset);
      if (from.records.length === 0) from.finish();
    }
    tellLag(this.#settings, assignment, this.#metrics);
  }

  #portsFor(assignment: Assignment): WorkPorts {
    const turns = assignment.turns();
    return {
      signal: AbortSignal.any([assignment.signal, this.#ending.signal]),
      isWanted: (record) => assignment.has(record) && !assignment.isPast(record, turns),
      handle: (records) => this.#callHandler(records, assignment),
      done: (records) => assignment.markHandled(records, turns),
      rewind: (positions) => this.#rewind(positions),
      deadLetter: async (record, error) => {
        await this.#deadLetters.add(record, error);
        this.#metrics.deadLettered(record.topic, error.code);
        const { topic, partition, offset } = record;
        this.#settings.log.error({ err: error, topic, partition, offset }, 'a record was dead-lettered');
      },
      failed: (records, error, attempt) => this.#noteFailure(records, error, attempt),
      recovered: () => this.#metrics.stuck([]),
    };
  }

  async #callHandler(records: readonly KafkaRecord[], assignment: Assignment): Promise<void> {
    const began = performance.now();
    await this.#settings.handler({ records, parts: assignment.partsOf(records), signal: assignment.signal });
    this.#metrics.handled(records.length, (performance.now() - began) / 1_000);
  }

  #noteFailure(records: readonly KafkaRecord[], err: unknown, attempt: number): void {
    const partitions = new Map(records.map((record) => [partitionKey(record), record]));
    this.#metrics.failed(err instanceof KafkaError ? err.code : errorCode(err));
    this.#metrics.stuck([...partitions.values()]);
    const about = { err, group: this.#settings.groupId, records: records.length, attempt };
    this.#settings.log.error(about, 'a batch failed and is tried again');
  }

  #rewind(positions: readonly PartitionOffset[]): void {
    for (const to of positions) {
      if (!this.#assignment.has(to)) continue;
      this.#assignment.rewind(to);
      try {
        this.#consumer.seek({ ...to, offset: String(to.offset) });
        this.#guard.release(to);
      } catch (err) {
        // kafkajs is between two lives: it will begin at the committed offset, and whoever wants to go back says so again.
        this.#settings.log.warn({ err, ...to }, 'a rewind came while the consumer was restarting');
      }
      for (const fetched of this.#inbox.slice()) if (partitionKey(fetched) === partitionKey(to)) fetched.finish();
    }
  }

  #assign(partitions: TopicPartition[]): void {
    const previous = this.#assignment;
    previous.end();
    this.#assignment = new Assignment(partitions);
    this.#metrics.rebalanced();
    this.#metrics.stuck([]);
    this.#settings.log.info({ group: this.#settings.groupId, partitions: partitions.map(partitionKey) }, 'assigned');
    // Work of before is of no use any more; kafkajs fetches it anew from the committed offsets.
    this.#releaseInbox();
    const signal = AbortSignal.any([this.#assignment.signal, this.#ending.signal]);
    const change = { previous, current: this.#assignment, signal };
    // In their order: what is told late of the former assignment must not be taken for this one.
    this.#ready = this.#ready.then(() => tellHooks(change, this.#settings, this.#metrics));
  }

  async #lookAround(): Promise<void> {
    const silentMs = performance.now() - this.#lastLife;
    this.#metrics.heartbeatAge(silentMs / 1_000);
    if (silentMs > SILENCE_LIMIT_MS) return this.#crash(`no sign of life for ${Math.round(silentMs / 1_000)} s`);
    // While a batch waits no fetch tells the ends of the partitions, and this is when the lag matters.
    if (this.#inbox.length > 0) await askForLag(this.#settings, this.#assignment, this.#metrics);
  }

  #noteCrash(error: Error, willRestart: boolean): void {
    this.#assignment.end();
    this.#releaseInbox();
    if (!willRestart && !isCoordinatorAway(error)) return this.#crash('kafkajs gave up', error);
    this.#settings.log.warn({ err: error, group: this.#settings.groupId }, 'the consumer starts anew');
    if (!willRestart) void this.#runAgain();
  }

  /** kafkajs takes a coordinator that is not there for the end. When it stays so, the silence limit ends the process. */
  async #runAgain(): Promise<void> {
    await pauseUnless(this.#ending.signal, RESTART_MS);
    if (this.#state !== 'running') return;
    await this.#run().catch((error: unknown) => this.#crash('kafkajs did not start anew', error));
  }

  #crash(reason: string, cause?: unknown): void {
    if (this.#state !== 'running') return;
    this.#state = 'crashed';
    clearInterval(this.#watch);
    this.#settings.onCrash(new ConsumerCrashed(this.#settings.groupId, reason, cause));
  }
}
