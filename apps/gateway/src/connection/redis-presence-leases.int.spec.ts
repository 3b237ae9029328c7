import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keys } from '#libs/redis';
import { startTestRedis, type TestRedis } from '#libs/testing';
import { ids } from '../../fixture/connection-fixture.ts';
import { RedisPresenceLeases } from './redis-presence-leases.adapter.ts';

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await startTestRedis();
  redis = new Redis(server.engine.url);
});
afterAll(async () => {
  redis?.disconnect();
  await server?.end();
});

const gateways = () => [new RedisPresenceLeases(redis, 'a'), new RedisPresenceLeases(redis, 'b')] as const;

test('an agent is here as long as one gateway holds it; the status outlives the holds', async () => {
  const [a, b] = gateways();
  const agent_id = ids.agent('1');
  expect(await a.hold(agent_id, undefined)).toEqual({ wasHere: false, status: undefined });
  expect(await b.hold(agent_id, 'busy')).toEqual({ wasHere: true, status: 'busy' });
  expect(await a.hold(agent_id, 'online')).toEqual({ wasHere: true, status: 'busy' });
  await a.choose(agent_id, 'away');
  expect(await b.release(agent_id)).toBe(false);
  expect(await a.release(agent_id)).toBe(true);
  expect(await a.hold(agent_id, undefined)).toEqual({ wasHere: false, status: 'away' });
});

test('a hold that was not renewed counts no more', async () => {
  const [a, b] = gateways();
  const agent_id = ids.agent('2');
  await a.hold(agent_id, 'online');
  // As a gateway that was killed a while ago has left it.
  await redis.hset(keys.presence(agent_id), 'b', 1);
  expect(await a.release(agent_id)).toBe(true);
  await redis.hset(keys.presence(agent_id), 'b', 1);
  expect(await b.hold(agent_id, undefined)).toEqual({ wasHere: false, status: 'online' });
});

test('no key stays for ever', async () => {
  const [a] = gateways();
  await a.choose(ids.agent('3'), 'online');
  await a.hold(ids.agent('4'), 'online');
  for (const name of ['3', '4']) expect(await redis.ttl(keys.presence(ids.agent(name)))).toBeGreaterThan(0);
});
