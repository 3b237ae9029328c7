import type { Assignment } from './assignment.ts';
import type { ConsumerMetrics } from './consumer-metrics.ts';
import type { BatchConsumerOptions } from './consumer-options.ts';
import { pauseUnless } from './deadline.ts';

const RETRY_MS = 500;

/** Tells the hooks of a new assignment, again and again until they succeed or the signal ends it. */
export async function tellHooks(
  change: { previous: Assignment; current: Assignment; signal: AbortSignal },
  { onRevoked, onAssigned, log, groupId }: BatchConsumerOptions,
  metrics: ConsumerMetrics,
): Promise<void> {
  const { previous, current, signal } = change;
  const lost = previous.partitions.filter((at) => !current.has(at));
  while (!signal.aborted) {
    try {
      if (lost.length > 0) await onRevoked?.(lost);
      await onAssigned?.(current.partitions);
      return metrics.stuck([]);
    } catch (err) {
      metrics.stuck(current.partitions);
      log.error({ err, group: groupId }, 'an assignment could not be taken up and is tried again');
    }
    await pauseUnless(signal, RETRY_MS);
  }
}
