import { Kafka, logLevel } from 'kafkajs';
import { allTopics } from '#libs/contracts';
import { waitFor } from './wait-for.ts';

const PARTITIONS = 12;
const RETENTION_MS = 7 * 24 * 60 * 60 * 1000;

export async function createTopics(brokers: string): Promise<void> {
  const kafka = new Kafka({ clientId: 'instance', brokers: brokers.split(','), logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  try {
    const existing = new Set(await admin.listTopics());
    const missing = allTopics().filter(({ name }) => !existing.has(name));
    if (missing.length > 0) {
      await admin.createTopics({
        topics: missing.map(({ name, compacted }) => ({
          topic: name,
          numPartitions: PARTITIONS,
          replicationFactor: 1,
          configEntries: compacted
            ? [{ name: 'cleanup.policy', value: 'compact' }]
            : [{ name: 'retention.ms', value: String(RETENTION_MS) }],
        })),
      });
    }
    await waitFor({ what: 'the group coordinator answers', limitMs: 60_000, everyMs: 200 }, async () => {
      await admin.fetchOffsets({ groupId: 'instance.probe' });
      return true;
    });
  } finally {
    await admin.disconnect();
  }
}
