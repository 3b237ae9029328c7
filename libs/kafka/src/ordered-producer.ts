/**
 * Sends records to Kafka in the order of the calls, in batches that grow by themselves.
 *
 * One request is under way at a time, for all topics together. What is called meanwhile waits in a bounded queue and leaves
 * with the next request: at once when the process is quiet, after a linger of 1–2 ms when it is busy (linger.ts).
 *
 * Guarantees
 * - A resolved call is on all in-sync replicas.
 * - Records reach a partition in the order of the calls. A request that fails is sent again, as a whole or in two halves one
 *   after the other, before anything else: records may repeat, but the first copies stay in order.
 * - A failure is final (not retryable) for one call only, the one whose record Kafka refused while it was alone in its
 *   request. A larger request that is refused for a record is halved until the offender is alone; its neighbours are acked.
 *   Everything else (rights, topics, settings, a damaged request) may be mended while the caller still has its words, so it
 *   is retryable.
 * - When a call fails retryably, all that waits behind it does too. So a record is never acked while one that was called
 *   before it, and had not failed by then, is missing: who sends both again gets the old order. A call that was refused for
 *   good is not to be sent again, so what is behind it goes on; its own later records do not.
 * - Every call settles within its deadline. A failed one has an unknown outcome: it may be in the topic, or come there late,
 *   as kafkajs can't take back a request; nothing else is sent before that request has settled.
 *
 * Why not Kafka's idempotent producer: kafkajs takes the sequence numbers back when a request fails, and gives them to the
 * next records. Had the failed request arrived after all, the broker would take the next ones for its repetition, ack and
 * drop them: a loss. Repetitions are harmless here, as every reader knows a record by its identity.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Producer, type TopicMessages } from 'kafkajs';
import { cutAround } from './bisect.ts';
import type { KafkaConnection } from './connection.ts';
import { retryWithin, within } from './deadline.ts';
import { KafkaError, SendFailed } from './errors.ts';
import { errorCode, isFaultOfRecord } from './kafkajs-error.ts';
import { lingerMs, Rate } from './linger.ts';
import type { Log, Meter } from './ports.ts';
import { ProducerMetrics } from './producer-metrics.ts';
import type { OutgoingRecord, TopicRecord } from './record.ts';
import { type Call, type Entry, type QueueLimits, SendQueue } from './send-queue.ts';

export interface OrderedProducerOptions extends Partial<QueueLimits> {
  readonly kafka: KafkaConnection;
  readonly log: Log;
  readonly metrics: Meter;
  /** Within this a call is acked or fails; 5 s unless given. */
  readonly deadlineMs?: number;
}

const DEADLINE_MS = 5_000;
const CONNECT_LIMIT_MS = 30_000;
const DISCONNECT_LIMIT_MS = 5_000;
const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 500;
// Half of what a broker takes by default (1 MiB a batch of a partition), as sizes are estimated.
const LIMITS: QueueLimits = {
  maxQueuedRecords: 20_000,
  maxQueuedBytes: 64 * 1024 * 1024,
  maxBatchRecords: 1_000,
  maxBatchBytes: 512 * 1024,
  maxRecordBytes: 512 * 1024,
};

export class OrderedProducer {
  readonly #producer: Producer;
  readonly #log: Log;
  readonly #deadlineMs: number;
  readonly #queue: SendQueue;
  readonly #metrics: ProducerMetrics;
  readonly #rate = new Rate();
  /** Unsettled calls, oldest first; all have the same time to live, so the first one is due first. */
  readonly #calls = new Set<Call>();
  #state: 'new' | 'open' | 'closing' | 'closed' = 'new';
  #inFlight: Promise<void> | undefined;
  #isFlushScheduled = false;
  #deadlineTimer: NodeJS.Timeout | undefined;
  #lastFailure: KafkaError | undefined;

  constructor(options: OrderedProducerOptions) {
    this.#log = options.log;
    this.#deadlineMs = options.deadlineMs ?? DEADLINE_MS;
    this.#queue = new SendQueue({ ...LIMITS, ...options });
    this.#metrics = new ProducerMetrics(options.metrics);
    this.#producer = options.kafka.producer({ requestTimeoutMs: this.#deadlineMs });
  }

  /**
   * Opens the connection, trying again while Kafka is away, and learns where these topics lie, so that the first record
   * waits for nothing. @throws DeadlineExceeded after 30 s.
   */
  async connect(topics: readonly string[] = []): Promise<void> {
    await retryWithin(CONNECT_LIMIT_MS, 'connecting a producer to Kafka', async () => {
      await this.#producer.connect();
      // Without records this asks for the topics' leaders and sends nothing.
      const topicMessages = topics.map((topic) => ({ topic, messages: [] }));
      if (topics.length > 0) await this.#producer.sendBatch({ topicMessages });
    });
    this.#state = 'open';
  }

  /**
   * Resolves when Kafka has acked the record.
   * @throws Overloaded when too much waits already, SendFailed when it was not acked: for good only when Kafka refuses this
   * very record.
   */
  send(topic: string, record: OutgoingRecord): Promise<void> {
    return this.#call([{ ...record, topic }]);
  }

  /** Sends in the given order and resolves when all are acked; the first failure rejects the whole call. @throws as `send` */
  sendMany(records: readonly TopicRecord[]): Promise<void> {
    return records.length === 0 ? Promise.resolve() : this.#call(records);
  }

  /** For readiness. @throws with the reason when not connected, or when the last request failed for more than its records. */
  checkHealth(): void {
    if (this.#state !== 'open') throw new Error(`the producer is ${this.#state}`);
    if (this.#lastFailure !== undefined) throw this.#lastFailure;
  }

  /** Takes no more calls, sends what waits (each call to its deadline), and disconnects. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    const wasConnected = this.#state !== 'new';
    this.#state = 'closing';
    while (this.#inFlight !== undefined || (this.#queue.length > 0 && wasConnected)) {
      this.#startFlush();
      await this.#inFlight;
    }
    this.#failQueued(new SendFailed('CLOSED', 'the producer was closed', { retryable: true }));
    this.#state = 'closed';
    clearTimeout(this.#deadlineTimer);
    await within(DISCONNECT_LIMIT_MS, 'disconnecting a producer', this.#producer.disconnect()).catch((err: unknown) =>
      this.#log.warn({ err }, 'a producer did not disconnect cleanly'),
    );
  }

  #call(records: readonly TopicRecord[]): Promise<void> {
    if (this.#state !== 'open') {
      return Promise.reject(new SendFailed('NOT_OPEN', `the producer is ${this.#state}`, { retryable: true }));
    }
    const now = performance.now();
    return new Promise((resolve, reject) => {
      const call: Call = {
        remaining: records.length,
        deadlineAt: now + this.#deadlineMs,
        settle: (error) => {
          this.#calls.delete(call);
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      this.#queue.add(records, call, now); // A throw rejects the promise.
      this.#calls.add(call);
      this.#rate.add(records.length, now);
      this.#scheduleFlush(now);
      this.#watchDeadline();
    });
  }

  #scheduleFlush(now: number): void {
    const { oldestQueuedAt } = this.#queue;
    if (this.#isFlushScheduled || this.#inFlight !== undefined || oldestQueuedAt === undefined) return;
    this.#isFlushScheduled = true;
    const waitMs = lingerMs(this.#rate.at(now)) - (now - oldestQueuedAt);
    // Even at once means after this turn of the event loop: what other sockets have sent in it goes along.
    if (waitMs <= 0) setImmediate(() => this.#startFlush());
    else setTimeout(() => this.#startFlush(), Math.ceil(waitMs));
  }

  #startFlush(): void {
    this.#isFlushScheduled = false;
    if (this.#inFlight !== undefined || this.#queue.length === 0) return;
    const batch = this.#queue.takeBatch();
    this.#inFlight = this.#deliver(batch).finally(() => {
      this.#inFlight = undefined;
      this.#metrics.waiting(this.#queue.length, 0);
      this.#scheduleFlush(performance.now());
    });
    this.#metrics.waiting(this.#queue.length, batch.length);
  }

  /** Ends when the batch is acked or refused, or when it is certain that it won't be sent again. Never rejects. */
  async #deliver(batch: readonly Entry[]): Promise<void> {
    let parts = [batch];
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      const failure = await this.#sendUntilAnswered(part);
      if (failure === undefined) this.#ack(part);
      else if (failure.retryable || !this.#isWaitedFor(part)) return this.#failBatch([part, ...parts].flat(), failure);
      else if (part.length > 1) parts.unshift(...cutAround(part, undefined));
      else parts = this.#refuse(part, failure, parts);
    }
  }

  /** The same records until they are acked, or refused for one of them, or nobody waits for them any more. */
  async #sendUntilAnswered(part: readonly Entry[]): Promise<SendFailed | undefined> {
    const topicMessages = groupByTopic(part);
    const began = performance.now();
    for (let pauseMs = FIRST_RETRY_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_RETRY_MS)) {
      try {
        await this.#producer.sendBatch({ acks: -1, timeout: this.#deadlineMs, topicMessages });
        this.#metrics.sent(part.length, (performance.now() - began) / 1_000);
        this.#lastFailure = undefined;
        return undefined;
      } catch (cause) {
        const failure = toSendFailed(cause);
        // Kafka is well when it refuses a record: a process that one person's record made unready would get no other.
        this.#lastFailure = failure.retryable ? failure : undefined;
        this.#metrics.failed(failure.code);
        if (!failure.retryable || !this.#isWaitedFor(part)) return failure;
        this.#log.warn({ err: failure, records: part.length }, 'records were not acked; the same are sent again');
      }
      await sleep(pauseMs);
    }
  }

  #isWaitedFor(part: readonly Entry[]): boolean {
    return part.some(({ call }) => this.#calls.has(call));
  }

  #ack(batch: readonly Entry[]): void {
    for (const { call } of batch) {
      call.remaining -= 1;
      if (call.remaining === 0 && this.#calls.has(call)) call.settle();
    }
  }

  /** Tells the offender's caller for good; gives what is left to send: the call's later records would stand before it. */
  #refuse(offender: readonly Entry[], failure: SendFailed, parts: readonly (readonly Entry[])[]): (readonly Entry[])[] {
    const refused = new Set(offender.map(({ call }) => call));
    this.#log.error({ err: failure }, 'Kafka refused a record for good');
    for (const call of refused) call.settle(failure);
    this.#queue.drop(({ call }) => refused.has(call));
    return parts.map((part) => part.filter(({ call }) => !refused.has(call))).filter(({ length }) => length > 0);
  }

  #failBatch(batch: readonly Entry[], cause: SendFailed): void {
    this.#log.error({ err: cause, records: batch.length, queued: this.#queue.length }, 'records were not acked');
    // Never for good: whose record is at fault, if any is, was not found out.
    const failure = cause.retryable ? cause : new SendFailed(cause.code, cause.message, { retryable: true, cause });
    for (const { call } of batch) if (this.#calls.has(call)) call.settle(failure);
    this.#failQueued(failure);
  }

  /** What waits behind a call that failed retryably must not overtake it. */
  #failQueued(failure: KafkaError): void {
    for (const { call } of this.#queue.drop(() => true)) if (this.#calls.has(call)) call.settle(failure);
  }

  #watchDeadline(): void {
    const [oldest] = this.#calls;
    if (this.#deadlineTimer !== undefined || oldest === undefined) return;
    const waitMs = Math.max(1, Math.ceil(oldest.deadlineAt - performance.now()));
    this.#deadlineTimer = setTimeout(() => {
      this.#deadlineTimer = undefined;
      this.#failOverdue(performance.now());
      this.#watchDeadline();
    }, waitMs);
  }

  #failOverdue(now: number): void {
    const overdue = [...this.#calls].filter((call) => call.deadlineAt <= now);
    if (overdue.length === 0) return;
    const cause = this.#lastFailure;
    const failure = new SendFailed('NO_ACK', `not acked within ${this.#deadlineMs} ms`, { retryable: true, cause });
    this.#metrics.failed(failure.code);
    this.#log.error({ err: failure, calls: overdue.length }, 'records were not acked in time');
    this.#lastFailure = failure;
    for (const call of overdue) call.settle(failure);
    this.#failQueued(failure);
  }
}

function groupByTopic(batch: readonly Entry[]): TopicMessages[] {
  const byTopic = new Map<string, TopicMessages>();
  for (const { record } of batch) {
    const { topic, key, value, headers } = record;
    const group = byTopic.get(topic) ?? { topic, messages: [] };
    group.messages.push({ key, value, ...(headers === undefined ? {} : { headers: { ...headers } }) });
    byTopic.set(topic, group);
  }
  return [...byTopic.values()];
}

function toSendFailed(cause: unknown): SendFailed {
  const code = errorCode(cause);
  return new SendFailed(code, `Kafka did not ack: ${code}`, { retryable: !isFaultOfRecord(cause), cause });
}
