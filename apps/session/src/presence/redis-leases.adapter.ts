import { findHeld, type RedisLink } from '#libs/redis';
import type { AgentId } from '#libs/protocol';
import { Leases } from './leases.ts';

export class RedisLeases extends Leases {
  readonly #link: RedisLink;

  constructor(link: RedisLink) {
    super();
    this.#link = link;
  }

  findHeld(agent_ids: readonly AgentId[]): Promise<ReadonlySet<AgentId>> {
    return findHeld(this.#link.client, agent_ids);
  }
}
