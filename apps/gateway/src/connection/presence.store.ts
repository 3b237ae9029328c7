/**
 * Which agents are here: a lease in Redis for each, renewed while one of the agent's sockets is open on any gateway, and a
 * signal to the colleagues when an agent comes, goes, falls silent or changes status.
 *
 * Guarantees: an agent with a socket anywhere is not signalled as gone while Redis answers; while it does not, nobody is
 * signalled as gone. Losing Redis' data costs nothing: the next heartbeat writes every lease again.
 *
 * Nothing is deleted when the last socket closes: the lease runs out by itself, unless another gateway renews it.
 */
import type { Redis } from 'ioredis';
import type { Signal } from '#libs/contracts';
import { keys, LEASE_SECONDS } from '#libs/redis';
import type { Person } from './connection.ts';

type Agent = Extract<Person, { kind: 'agent' }>;
type Presence = Extract<Signal, { type: 'presence' }>;
type Status = Exclude<Presence['status'], 'idle' | 'offline'>;

interface Present {
  agent: Agent;
  status: Status;
  sockets: number;
}

const RENEW_MS = (LEASE_SECONDS * 1_000) / 3;
const GONE_AFTER_MS = (LEASE_SECONDS + 1) * 1_000;
const statuses: readonly string[] = ['online', 'busy', 'away'] satisfies Status[];

export class PresenceStore {
  readonly #redis: Redis;
  readonly #signal: (signal: Presence) => void;
  readonly #present = new Map<string, Present>();
  /** Agents without a socket here, and the timer that looks whether they are gone. */
  readonly #leaving = new Map<string, NodeJS.Timeout>();
  #timer: NodeJS.Timeout | undefined;

  constructor(redis: Redis, signal: (signal: Presence) => void) {
    this.#redis = redis;
    this.#signal = signal;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#renewAll(), RENEW_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const timer of this.#leaving.values()) clearTimeout(timer);
    this.#leaving.clear();
  }

  opened(agent: Agent): void {
    const { agent_id } = agent;
    clearTimeout(this.#leaving.get(agent_id));
    this.#leaving.delete(agent_id);
    const present = this.#present.get(agent_id);
    if (present) present.sockets += 1;
    else {
      this.#present.set(agent_id, { agent, status: 'online', sockets: 1 });
      void this.#arrive(agent);
    }
  }

  closed({ agent_id }: Agent): void {
    const present = this.#present.get(agent_id);
    if (!present) return;
    present.sockets -= 1;
    if (present.sockets > 0) return;
    this.#present.delete(agent_id);
    this.#leaving.set(
      agent_id,
      setTimeout(() => void this.#leave(present.agent), GONE_AFTER_MS),
    );
  }

  /** The agent has chosen a status; session tells everybody of it, here it is kept for the return from silence. */
  chose(agent_id: string, status: Status): void {
    const present = this.#present.get(agent_id);
    if (!present) return;
    present.status = status;
    void this.#write(present).catch(() => undefined); // the next renewal writes it
  }

  idle(agent: Agent): void {
    this.#tell(agent, 'idle');
  }

  active(agent: Agent): void {
    this.#tell(agent, this.#present.get(agent.agent_id)?.status ?? 'online');
  }

  /** A lease that is there already was not interrupted: its status goes on, and nobody needs to be told. */
  async #arrive(agent: Agent): Promise<void> {
    const key = keys.presence(agent.agent_id);
    try {
      const before = await this.#redis.set(key, 'online', 'EX', LEASE_SECONDS, 'NX', 'GET');
      if (before === null) return this.#tell(agent, 'online');
      const present = this.#present.get(agent.agent_id);
      if (present && isStatus(before)) present.status = before;
      await this.#redis.expire(key, LEASE_SECONDS);
    } catch {
      // Redis is away: the next renewal writes the lease.
    }
  }

  async #leave(agent: Agent): Promise<void> {
    this.#leaving.delete(agent.agent_id);
    try {
      const isHeld = await this.#redis.exists(keys.presence(agent.agent_id));
      if (isHeld === 0) this.#tell(agent, 'offline');
    } catch {
      // Presence counts only while Redis answers.
    }
  }

  async #renewAll(): Promise<void> {
    if (this.#present.size === 0) return;
    const pipeline = this.#redis.pipeline();
    for (const { agent, status } of this.#present.values()) {
      pipeline.set(keys.presence(agent.agent_id), status, 'EX', LEASE_SECONDS);
    }
    await pipeline.exec().catch(() => undefined); // away: tried again in a third of the lease
  }

  async #write({ agent, status }: Present): Promise<void> {
    await this.#redis.set(keys.presence(agent.agent_id), status, 'EX', LEASE_SECONDS);
  }

  #tell({ agent_id, team_ids }: Agent, status: Presence['status']): void {
    this.#signal({ type: 'presence', agent_id, status, team_ids: [...team_ids] });
  }
}

function isStatus(text: string): text is Status {
  return statuses.includes(text);
}
