import type { Consumer } from 'kafkajs';
import { partitionKey } from './assignment.ts';
import type { ConsumerMetrics } from './consumer-metrics.ts';
import { KafkaError } from './errors.ts';
import type { Log } from './ports.ts';
import type { TopicPartition } from './record.ts';

/**
 * Stops a partition whose next offset Kafka no longer has (retention overtook the group, or the topic lost its end).
 *
 * kafkajs would go to the first record that is left, and overwrite the committed offset, so that nobody ever knew. It offers
 * no hook but its log line, written right before: a throw from there keeps it from it, and the paused partition is not
 * fetched again. All other partitions go on after a short pause of kafkajs.
 */
export class OffsetGuard {
  readonly #groupId: string;
  readonly #log: Log;
  readonly #metrics: ConsumerMetrics;
  readonly #stopped = new Map<string, TopicPartition>();
  #consumer: Consumer | undefined;

  constructor({ groupId, log }: { groupId: string; log: Log }, metrics: ConsumerMetrics) {
    this.#groupId = groupId;
    this.#log = log;
    this.#metrics = metrics;
  }

  guard(consumer: Consumer): void {
    this.#consumer = consumer;
  }

  /** Sees kafkajs' log lines. @throws KafkaError to keep kafkajs from losing an offset. */
  inspect(message: string, { topic, partition }: Readonly<Record<string, unknown>>): void {
    if (!message.startsWith('Offset out of range, resetting')) return;
    if (typeof topic !== 'string' || typeof partition !== 'number') return;
    this.#consumer?.pause([{ topic, partitions: [partition] }]);
    this.#stopped.set(partitionKey({ topic, partition }), { topic, partition });
    this.#count(topic);
    this.#log.error(
      { topic, partition, group: this.#groupId },
      'partition stopped: Kafka does not have the offset to go on from, so records may be lost. ' +
        'Look into it, then set the offset of the group with kafka-consumer-groups.sh while its services are down',
    );
    throw new KafkaError('OFFSET_OUT_OF_RANGE', `${topic}/${partition} is stopped`, { retryable: true });
  }

  /** Lets the partition be read again, from the offset that was just sought. */
  release({ topic, partition }: TopicPartition): void {
    if (!this.#stopped.delete(partitionKey({ topic, partition }))) return;
    this.#consumer?.resume([{ topic, partitions: [partition] }]);
    this.#count(topic);
  }

  #count(topic: string): void {
    this.#metrics.stopped(topic, [...this.#stopped.values()].filter((at) => at.topic === topic).length);
  }
}
