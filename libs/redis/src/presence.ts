import type { Redis } from 'ioredis';
import { keys } from './keys.ts';

/**
 * Whether any gateway's hold has not run out; by Redis' own clock. The field `status` is no hold. Gateway's
 * redis-presence-leases.adapter.ts writes this hash and knows its layout too: the two change together.
 */
const IS_HELD = `
local now = tonumber(redis.call('TIME')[1])
local fields = redis.call('HGETALL', KEYS[1])
for i = 1, #fields, 2 do
  if fields[i] ~= 'status' and tonumber(fields[i + 1]) > now then return 1 end
end
return 0
`;

/** Which of these agents have a socket somewhere. @throws when Redis does not answer, for any of them */
export async function findHeld<Id extends string>(redis: Redis, agent_ids: readonly Id[]): Promise<Set<Id>> {
  const held = await Promise.all(agent_ids.map((agent_id) => redis.eval(IS_HELD, 1, keys.presence(agent_id))));
  return new Set(agent_ids.filter((_, index) => held[index] === 1));
}
