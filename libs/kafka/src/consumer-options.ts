import type { ConsumerConfig } from 'kafkajs';
import type { KafkaConnection } from './connection.ts';
import type { Log, Meter } from './ports.ts';
import type { BatchHandler, NextOffset, TopicPartition } from './record.ts';

export interface BatchConsumerOptions {
  readonly kafka: KafkaConnection;
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly handler: BatchHandler;
  readonly log: Log;
  readonly metrics: Meter;
  /** Called once, when consuming has ended for good; the process should end, so that it is started anew. */
  readonly onCrash: (error: Error) => void;
  /** Runs before each commit to Kafka, never while the handler runs; if it fails, Kafka's commit waits too. */
  readonly beforeCommit?: (offsets: readonly NextOffset[]) => Promise<void>;
  /** All partitions that are now this member's; no batch of them comes before it has resolved. Repeated until it does. */
  readonly onAssigned?: (partitions: readonly TopicPartition[]) => Promise<void> | void;
  /** Partitions that were lost, told after the fact (kafkajs knows no "before") and before `onAssigned`. */
  readonly onRevoked?: (partitions: readonly TopicPartition[]) => Promise<void> | void;
  readonly maxRecords?: number;
  readonly commitIntervalMs?: number;
  readonly sessionTimeoutMs?: number;
  readonly heartbeatMs?: number;
  /** How long Kafka may hold back an answer without records; no delay for records. */
  readonly maxWaitMs?: number;
  /** What `close` may take altogether. */
  readonly drainDeadlineMs?: number;
}

/** The options with every number set. */
export type ConsumerSettings = BatchConsumerOptions & typeof consumerDefaults;

const consumerDefaults = {
  maxRecords: 200,
  // Committing twice a second instead of every batch takes 16 % off the CPU, and a crash repeats half a second at most.
  commitIntervalMs: 500,
  sessionTimeoutMs: 6_000,
  heartbeatMs: 1_500,
  maxWaitMs: 100,
  drainDeadlineMs: 10_000,
};

export function completeOptions(options: BatchConsumerOptions): ConsumerSettings {
  return { ...consumerDefaults, ...options };
}

/** What of it kafkajs' member of the group is made with. */
export function groupOptions({ groupId, sessionTimeoutMs, heartbeatMs, maxWaitMs }: ConsumerSettings): ConsumerConfig {
  return {
    groupId,
    sessionTimeout: sessionTimeoutMs,
    rebalanceTimeout: sessionTimeoutMs,
    heartbeatInterval: heartbeatMs,
    maxWaitTimeInMs: maxWaitMs,
  };
}
