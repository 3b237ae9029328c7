import type { Meter } from './ports.ts';
import type { TopicPartition } from './record.ts';

const BATCH_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

/** What a consumer tells of itself; `stuck` and `stopped` above 0, and any dead letter, are alarms. */
export class ConsumerMetrics {
  readonly #group: string;
  readonly #topics: readonly string[];
  readonly #metrics: ReturnType<typeof createConsumerMetrics>;
  #isStuck = false;

  constructor(meter: Meter, group: string, topics: readonly string[]) {
    this.#group = group;
    this.#topics = topics;
    this.#metrics = createConsumerMetrics(meter);
    this.stuck([]);
    for (const topic of topics) this.stopped(topic, 0);
  }

  handled(records: number, seconds: number): void {
    this.#metrics.batch.observe({ group: this.#group }, records);
    this.#metrics.seconds.observe({ group: this.#group }, seconds);
  }

  lag(topic: string, records: number): void {
    this.#metrics.lag.set({ topic, group: this.#group }, records);
  }

  heartbeatAge(seconds: number): void {
    this.#metrics.heartbeatAge.set({ group: this.#group }, seconds);
  }

  failed(code: string): void {
    this.#metrics.failures.inc({ group: this.#group, code });
  }

  /** The partitions whose batch fails again and again; none of them is the end of the alarm. */
  stuck(partitions: readonly TopicPartition[]): void {
    if (partitions.length === 0 && !this.#isStuck) return;
    this.#isStuck = partitions.length > 0;
    for (const topic of this.#topics) {
      const count = partitions.filter((at) => at.topic === topic).length;
      this.#metrics.stuck.set({ topic, group: this.#group }, count);
    }
  }

  stopped(topic: string, partitions: number): void {
    this.#metrics.stopped.set({ topic, group: this.#group }, partitions);
  }

  deadLettered(topic: string, code: string): void {
    this.#metrics.deadLetters.inc({ topic, group: this.#group, code });
  }

  commitFailed(): void {
    this.#metrics.commitFailures.inc({ group: this.#group });
  }

  rebalanced(): void {
    this.#metrics.rebalances.inc({ group: this.#group });
  }
}

function createConsumerMetrics(meter: Meter) {
  const group = ['group'];
  const topicAndGroup = ['topic', 'group'];
  return {
    batch: meter.histogram({
      name: 'seqdesk_kafka_batch_records',
      help: 'Records a call of the handler.',
      labels: group,
      buckets: BATCH_BUCKETS,
    }),
    seconds: meter.histogram({
      name: 'seqdesk_kafka_handler_seconds',
      help: 'Time of a call of the handler that succeeded.',
      labels: group,
    }),
    lag: meter.gauge({
      name: 'seqdesk_kafka_lag_records',
      help: 'Records of the own partitions that are not yet handled.',
      labels: topicAndGroup,
    }),
    heartbeatAge: meter.gauge({
      name: 'seqdesk_kafka_heartbeat_age_seconds',
      help: 'Time since Kafka last accepted a sign of life of this member.',
      labels: group,
    }),
    failures: meter.counter({
      name: 'seqdesk_kafka_handler_failures_total',
      help: 'Calls of the handler that failed, by error.',
      labels: ['group', 'code'],
    }),
    stuck: meter.gauge({
      name: 'seqdesk_kafka_stuck_partitions',
      help: 'Partitions whose batch fails and is tried again for ever. Above 0 is an alarm.',
      labels: topicAndGroup,
    }),
    stopped: meter.gauge({
      name: 'seqdesk_kafka_stopped_partitions',
      help: 'Partitions that are not read, as Kafka no longer has the offset to go on from. Above 0 is an alarm.',
      labels: topicAndGroup,
    }),
    deadLetters: meter.counter({
      name: 'seqdesk_kafka_dead_letters_total',
      help: 'Records that went to the dead-letter topic. Any increase is an alarm.',
      labels: ['topic', 'group', 'code'],
    }),
    commitFailures: meter.counter({
      name: 'seqdesk_kafka_commit_failures_total',
      help: 'Commits of offsets that failed; the next one covers them.',
      labels: group,
    }),
    rebalances: meter.counter({
      name: 'seqdesk_kafka_rebalances_total',
      help: 'Assignments of partitions to this member.',
      labels: group,
    }),
  };
}
