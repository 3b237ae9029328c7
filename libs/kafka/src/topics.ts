import { type Admin, Partitioners } from 'kafkajs';
import type { KafkaConnection } from './connection.ts';
import { retryWithin, within } from './deadline.ts';

/** A topic to create. */
export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly compacted?: boolean;
  readonly retentionMs?: number;
  readonly minInsyncReplicas?: number;
}

const CALL_LIMIT_MS = 30_000;

/** Creates the topics that are missing and waits until they have leaders; existing ones are left as they are. */
export async function createTopics(kafka: KafkaConnection, specs: readonly TopicSpec[]): Promise<void> {
  await withAdmin(kafka, async (admin) => {
    const existing = new Set(await admin.listTopics());
    const missing = specs.filter(({ name }) => !existing.has(name));
    if (missing.length === 0) return;
    await admin.createTopics({ waitForLeaders: false, topics: missing.map(toTopicConfig) });
    // kafkajs' own wait gives up early, and trusts metadata that run ahead of the leader. An offset comes from the leader itself.
    for (const { name } of missing) {
      await retryWithin(CALL_LIMIT_MS, `the leaders of ${name}`, () => admin.fetchTopicOffsets(name));
    }
  });
}

function toTopicConfig(spec: TopicSpec) {
  const settings: Record<string, string | number | undefined> = {
    'cleanup.policy': spec.compacted ? 'compact' : 'delete',
    'retention.ms': spec.retentionMs,
    'min.insync.replicas': spec.minInsyncReplicas,
  };
  return {
    topic: spec.name,
    numPartitions: spec.partitions,
    replicationFactor: spec.replicationFactor,
    configEntries: Object.entries(settings).flatMap(([name, value]) =>
      value === undefined ? [] : [{ name, value: String(value) }],
    ),
  };
}

/** Waits until consumer groups can be formed: a new cluster has no coordinator until its offsets topic exists. */
export async function waitForCoordinator(
  kafka: KafkaConnection,
  { deadlineMs = CALL_LIMIT_MS }: { deadlineMs?: number } = {},
): Promise<void> {
  await retryWithin(deadlineMs, 'waiting for a group coordinator', () =>
    withAdmin(kafka, async (admin) => {
      await admin.fetchOffsets({ groupId: 'seqdesk.probe' });
    }),
  );
}

/** Each partition's next offset to be written. */
export async function fetchEndOffsets(kafka: KafkaConnection, topic: string): Promise<Map<number, bigint>> {
  const offsets = await withAdmin(kafka, (admin) => admin.fetchTopicOffsets(topic));
  return new Map(offsets.map(({ partition, high }) => [partition, BigInt(high)]));
}

/** The oldest offset that the partition still holds. @throws when there is no such partition. */
export async function fetchLowWatermark(kafka: KafkaConnection, topic: string, partition: number): Promise<bigint> {
  const offsets = await withAdmin(kafka, (admin) => admin.fetchTopicOffsets(topic));
  const found = offsets.find((entry) => entry.partition === partition);
  if (found === undefined) throw new Error(`${topic} has no partition ${partition}`);
  return BigInt(found.low);
}

/** What the group has committed of each partition; null where nothing is. */
export async function fetchCommittedOffsets(
  kafka: KafkaConnection,
  groupId: string,
  topic: string,
): Promise<Map<number, bigint | null>> {
  const found = await withAdmin(kafka, (admin) => admin.fetchOffsets({ groupId, topics: [topic] }));
  return toCommitted(found);
}

/** kafkajs' answer by partition; it writes -1 where nothing is committed. */
export function toCommitted(found: Awaited<ReturnType<Admin['fetchOffsets']>>): Map<number, bigint | null> {
  const partitions = found.flatMap((entry) => entry.partitions);
  return new Map(partitions.map(({ partition, offset }) => [partition, BigInt(offset) < 0n ? null : BigInt(offset)]));
}

/** In which of so many partitions records with this key lie. */
export function partitionOf(key: string, partitions: number): number {
  const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
    partitionId,
    leader: 0,
    partitionErrorCode: 0,
    replicas: [],
    isr: [],
  }));
  return Partitioners.DefaultPartitioner()({ topic: '', partitionMetadata, message: { key, value: null } });
}

/** Whether the group has committed all that the topic holds. */
export async function isCaughtUp(kafka: KafkaConnection, groupId: string, topic: string): Promise<boolean> {
  const [committed, ends] = await Promise.all([
    fetchCommittedOffsets(kafka, groupId, topic),
    fetchEndOffsets(kafka, topic),
  ]);
  return [...ends].every(([partition, end]) => end === 0n || committed.get(partition) === end);
}

/** How many partitions the topics have together. @throws when one does not exist. */
export async function countPartitions(kafka: KafkaConnection, topics: readonly string[]): Promise<number> {
  const metadata = await withAdmin(kafka, (admin) => admin.fetchTopicMetadata({ topics: [...topics] }));
  return metadata.topics.reduce((sum, { partitions }) => sum + partitions.length, 0);
}

async function withAdmin<T>(kafka: KafkaConnection, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  try {
    return await within(
      CALL_LIMIT_MS,
      'asking Kafka',
      admin.connect().then(() => use(admin)),
    );
  } finally {
    await admin.disconnect();
  }
}
