import type { Delivery } from '#libs/contracts';
import { type ChosenStatus, isChosenStatus } from '../connection/presence-leases.ts';

/** What the deliveries that pass through tell of statuses that were chosen elsewhere: over REST or on another gateway. */
export function learnPresence(
  batch: readonly Delivery[],
  presence: { chose(agent_id: string, status: ChosenStatus): void },
): void {
  for (const { event, json } of batch) {
    if (event !== 'presence:updated') continue;
    const { agent_id, status } = read(json);
    // `idle` and `offline` are seen by gateways, and pass; the chosen status stays.
    if (typeof agent_id === 'string' && isChosenStatus(status)) presence.chose(agent_id, status);
  }
}

function read(json: string): { agent_id?: unknown; status?: unknown } {
  try {
    return (JSON.parse(json) ?? {}) as { agent_id?: unknown; status?: unknown };
  } catch {
    return {};
  }
}
