import type { AgentId } from '#libs/protocol';

/** The gateways' leases: who has a socket somewhere. */
export abstract class Leases {
  /** @throws when it can't be known now; nobody counts as gone then. */
  abstract findHeld(agent_ids: readonly AgentId[]): Promise<ReadonlySet<AgentId>>;
}
