/**
 * The leases as one Redis hash for each agent: a field for each gateway that holds a socket, with the second in which its
 * hold ends, and `status`. One lease with one owner would not do: a gateway that leaves could not tell whether the other
 * one, whose renewal it has overwritten, is still there. Seconds are those of Redis' own clock.
 */
import type { Redis } from 'ioredis';
import { keys, LEASE_SECONDS } from '#libs/redis';
import { type ChosenStatus, isChosenStatus, type Lease, PresenceLeases } from './presence-leases.ts';

/** How long a status outlives its agent's last socket: over a long holiday. The holds in it have their own ends. */
const STATUS_SECONDS = 30 * 86_400;

// Both begin by looking who is here; the holds of killed gateways go on the way.
const COUNT_HOLDS = `
local now = tonumber(redis.call('TIME')[1])
local fields = redis.call('HGETALL', KEYS[1])
local holds = 0
for i = 1, #fields, 2 do
  if fields[i] ~= 'status' then
    if tonumber(fields[i + 1]) > now then holds = holds + 1 else redis.call('HDEL', KEYS[1], fields[i]) end
  end
end
`;
const HOLD = `${COUNT_HOLDS}
redis.call('HSET', KEYS[1], ARGV[1], now + ARGV[2])
if ARGV[4] ~= '' then redis.call('HSETNX', KEYS[1], 'status', ARGV[4]) end
redis.call('EXPIRE', KEYS[1], ARGV[3])
return {holds, redis.call('HGET', KEYS[1], 'status') or ''}
`;
const RELEASE = `redis.call('HDEL', KEYS[1], ARGV[1])
${COUNT_HOLDS}
return holds
`;
const CHOOSE = `redis.call('HSET', KEYS[1], 'status', ARGV[1])
return redis.call('EXPIRE', KEYS[1], ARGV[2])
`;

export class RedisPresenceLeases extends PresenceLeases {
  readonly #redis: Redis;
  readonly #gateway_id: string;

  /** @param gateway_id this process and no other, not even the one that takes its place */
  constructor(redis: Redis, gateway_id: string) {
    super();
    this.#redis = redis;
    this.#gateway_id = gateway_id;
  }

  async hold(agent_id: string, known: ChosenStatus | undefined): Promise<Lease> {
    const args = [this.#gateway_id, LEASE_SECONDS, STATUS_SECONDS, known ?? ''];
    const answer = (await this.#redis.eval(HOLD, 1, keys.presence(agent_id), ...args)) as [number, string];
    const [holds, status] = answer;
    return { wasHere: holds > 0, status: isChosenStatus(status) ? status : undefined };
  }

  async choose(agent_id: string, status: ChosenStatus): Promise<void> {
    await this.#redis.eval(CHOOSE, 1, keys.presence(agent_id), status, STATUS_SECONDS);
  }

  async release(agent_id: string): Promise<boolean> {
    return (await this.#redis.eval(RELEASE, 1, keys.presence(agent_id), this.#gateway_id)) === 0;
  }
}
