import { allTopics, topicDefaults } from '#libs/contracts';
import { createKafka, createTopics, waitForCoordinator } from '#libs/kafka';

/** A new broker makes the topic of offsets at the first question only. */
const COORDINATOR_DEADLINE_MS = 60_000;
const silent = () => undefined;

/**
 * Creates the topics that are missing, as an installation of one broker has them, and waits until consumer groups can be
 * formed: the first consumer would meet errors otherwise. Idempotent.
 */
export async function prepareTopics(brokers: string): Promise<void> {
  const log = { debug: silent, info: silent, warn: silent, error: silent };
  const kafka = createKafka({ brokers: brokers.split(','), clientId: 'seqdesk.instance', log });
  const specs = allTopics().map(({ name, compacted }) => ({
    name,
    partitions: topicDefaults.partitions,
    replicationFactor: 1,
    compacted,
    ...(compacted ? {} : { retentionMs: topicDefaults.retention_ms }),
  }));
  await createTopics(kafka, specs);
  await waitForCoordinator(kafka, { deadlineMs: COORDINATOR_DEADLINE_MS });
}
