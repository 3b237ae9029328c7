import { Redis } from 'ioredis';
import { Server } from 'socket.io';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ClusterEvents, Delivery } from '#libs/contracts';
import { createLogger, createMetrics } from '#libs/observability';
import { RedisLink } from '#libs/redis';
import { startTestRedis, type TestRedis, waitUntil } from '#libs/testing';
import { DeliveryMetrics } from './delivery-metrics.ts';
import { RedisScreens } from './redis-screens.adapter.ts';

type NoEvents = Record<string, never>;

const log = createLogger({ service: 'router', level: 'silent' });
const unending = new AbortController().signal;
let redis: TestRedis;
let gateways: StandIn[];
let link: RedisLink;
let screens: RedisScreens;

/** A gateway as router knows it: a socket.io server on the same adapter that hears batches. */
class StandIn {
  readonly batches: Delivery[][] = [];
  readonly headsReasons: string[] = [];
  readonly #link: RedisLink;
  readonly #io = new Server<NoEvents, NoEvents, ClusterEvents>();

  constructor(url: string) {
    this.#link = new RedisLink(url, log);
    this.#io.adapter(this.#link.createAdapter());
    this.#io.on('deliver', (batch) => void this.batches.push(batch));
    this.#io.on('send-heads', (reason) => void this.headsReasons.push(reason));
  }

  get shown(): string[] {
    return this.batches.flat().map(({ json }) => json);
  }

  async close(): Promise<void> {
    await this.#io.of('/').adapter.close();
    this.#link.close();
  }
}

beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis?.end());

beforeEach(async () => {
  await redis.engine.start();
  gateways = [new StandIn(redis.engine.url), new StandIn(redis.engine.url)];
  link = new RedisLink(redis.engine.url, log, { listens: false });
  screens = new RedisScreens(link, new DeliveryMetrics(createMetrics({ service: 'router' })), log);
  await waitUntil('both gateways hear', async () => {
    await screens.push([delivery('hello')], unending);
    return gateways.every(({ shown }) => shown.includes('hello'));
  });
  // The hellos that are still under way come before this one.
  await screens.push([delivery('the last hello')], unending);
  await waitUntil('nothing is under way', () => gateways.every(({ shown }) => shown.includes('the last hello')));
  for (const { batches, headsReasons } of gateways) [batches.length, headsReasons.length] = [0, 0];
});

afterEach(async () => {
  await screens.close();
  link.close();
  for (const gateway of gateways) await gateway.close();
});

function delivery(json: string): Delivery {
  return { rooms: ['visitor:a', 'watch:b'], event: 'message:created', json };
}

function numbered(from: number, count: number): Delivery[] {
  return Array.from({ length: count }, (_, index) => delivery(String(from + index)));
}

/** What is shown when what comes again or late is dropped, as clients do. */
function withoutRepeats(shown: readonly string[]): number[] {
  const numbers: number[] = [];
  for (const text of shown) if (Number(text) > (numbers.at(-1) ?? -1)) numbers.push(Number(text));
  return numbers;
}

async function publishCalls(): Promise<number> {
  const client = new Redis(redis.engine.url);
  try {
    return Number(/cmdstat_publish:calls=(\d+)/.exec(await client.info('commandstats'))?.[1] ?? 0);
  } finally {
    client.disconnect();
  }
}

test('each batch reaches every gateway whole and in order, with one publish', async () => {
  const before = await publishCalls();
  for (let batch = 0; batch < 50; batch += 1) await screens.push(numbered(batch * 20, 20), unending);
  await waitUntil('all is shown', () => gateways.every(({ shown }) => shown.length === 1_000));
  for (const { batches, shown } of gateways) {
    expect(batches.map((batch) => batch.length)).toEqual(Array<number>(50).fill(20));
    expect(shown.map(Number)).toEqual(numbered(0, 1_000).map(({ json }) => Number(json)));
    expect(batches[0]?.[0]).toEqual(delivery('0'));
  }
  expect((await publishCalls()) - before).toBe(50);
});

test('Redis killed under a stream of batches: all is pushed in order after its return, then heads are asked for', async () => {
  let count = 0;
  const isKilled = new AbortController();
  const stream = (async () => {
    while (!isKilled.signal.aborted) await screens.push([delivery(String(count++))], unending);
  })();
  await waitUntil('some is shown', () => gateways.every(({ shown }) => shown.length >= 20));
  redis.engine.kill('SIGKILL');
  await redis.engine.exited;
  isKilled.abort();
  const waiting = screens.push([delivery('waiting')], unending);
  expect(await screens.pushOrDrop([delivery('a signal')])).toBe(false);
  await redis.engine.start();
  await Promise.all([stream, waiting]);
  await screens.push([delivery('the end')], unending);
  await waitUntil('heads are asked for', () => gateways.every(({ headsReasons }) => headsReasons.length > 0));
  await waitUntil('the end is shown', () => gateways.every(({ shown }) => shown.includes('the end')));
  for (const { shown, headsReasons } of gateways) {
    expect(new Set(headsReasons)).toEqual(new Set(['push_failed']));
    expect(shown).not.toContain('a signal');
    expect(shown).toContain('waiting');
    // What Redis took in the moment of its end may be lost: the heads are for that.
    const lost = Array.from({ length: count }, (_, number) => String(number)).filter((text) => !shown.includes(text));
    expect(lost.length).toBeLessThanOrEqual(1);
    expect(withoutRepeats(shown)).toHaveLength(count - lost.length);
  }
});

test('a push that waits for Redis gives up when its partitions are lost, or when the process drains', async () => {
  redis.engine.kill('SIGKILL');
  await redis.engine.exited;
  const lost = new AbortController();
  const pushes = [screens.push([delivery('1')], lost.signal), screens.push([delivery('2')], unending)];
  const ends = Promise.allSettled(pushes);
  await waitUntil('Redis is known to be away', async () => !(await screens.pushOrDrop([delivery('3')])));
  lost.abort(new Error('partitions lost'));
  await expect(pushes[0]).rejects.toThrow('partitions lost');
  screens.startDraining();
  await expect(pushes[1]).rejects.toThrow('router is shutting down');
  await ends;
});

test('heads that could not be asked for while Redis was away are asked for when it is back', async () => {
  redis.engine.kill('SIGKILL');
  await redis.engine.exited;
  await screens.requestHeads('log_epoch');
  await redis.engine.start();
  await waitUntil('heads are asked for', () => gateways.every(({ headsReasons }) => headsReasons.length > 0));
});
