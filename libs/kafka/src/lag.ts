import type { Assignment } from './assignment.ts';
import type { ConsumerMetrics } from './consumer-metrics.ts';
import type { ConsumerSettings } from './consumer-options.ts';
import { fetchEndOffsets } from './topics.ts';

/** Tells of each topic how many records of our partitions are not handled yet, by the ends that were heard of last. */
export function tellLag({ topics }: ConsumerSettings, assignment: Assignment, metrics: ConsumerMetrics): void {
  for (const topic of topics) metrics.lag(topic, assignment.lagOf(topic));
}

/** The same, after Kafka was asked for the ends. */
export async function askForLag(
  settings: ConsumerSettings,
  assignment: Assignment,
  metrics: ConsumerMetrics,
): Promise<void> {
  const { kafka, topics, log } = settings;
  try {
    for (const topic of topics) assignment.noteEnds(topic, await fetchEndOffsets(kafka, topic));
    tellLag(settings, assignment, metrics);
  } catch (err) {
    log.debug({ err }, 'the ends of the partitions could not be had');
  }
}
