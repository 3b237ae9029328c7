/**
 * Screens through the socket.io Redis adapter: a socket.io server without sockets hands each batch to the gateways with
 * one publish.
 *
 * Guarantees: a batch whose publish failed, or whose outcome is unknown, is published again until Redis has taken it, and
 * nothing of the same caller overtakes it. After an outage the gateways are asked for heads, as what Redis took in its
 * last moments may have reached nobody.
 *
 * How: the first failed publish begins an outage, shared by all callers: nobody publishes until Redis answers and as many
 * gateways listen as before, or a grace for them has passed. A publish in between would succeed and be heard by no one.
 *
 * Lifecycle: usable at once, also while Redis is away. From `startDraining` on no push waits for Redis any longer, it
 * throws instead; `close` comes when nobody pushes any more.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Server } from 'socket.io';
import type { ClusterEvents, Delivery } from '#libs/contracts';
import type { RedisLink } from '#libs/redis';
import type { DeliveryMetrics } from './delivery-metrics.ts';
import { type HeadsReason, Screens } from './screens.ts';

interface ScreensLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
type NoEvents = Record<string, never>;

const RETURN_POLL_MS = 50;
// Gateways try again at least once a second; one that is gone for good must not hold up the others for longer.
const GATEWAYS_GRACE_MS = 5_000;

export class RedisScreens extends Screens {
  readonly #link: RedisLink;
  readonly #metrics: DeliveryMetrics;
  readonly #log: ScreensLog;
  readonly #io = new Server<NoEvents, NoEvents, ClusterEvents>();
  readonly #closing = new AbortController();
  #outage: Promise<void> | undefined;
  #gateways = 0;
  #waiting = 0;
  #owed: HeadsReason | undefined;

  constructor(link: RedisLink, metrics: DeliveryMetrics, log: ScreensLog) {
    super();
    this.#link = link;
    this.#metrics = metrics;
    this.#log = log;
    this.#io.adapter(link.createAdapter());
  }

  async push(batch: readonly Delivery[], signal: AbortSignal): Promise<void> {
    const stop = AbortSignal.any([signal, this.#closing.signal]);
    while (!(await this.pushOrDrop(batch))) {
      this.#metrics.retried();
      await this.#outageOver(stop);
    }
    if (this.#owed) await this.requestHeads(this.#owed);
  }

  async pushOrDrop(batch: readonly Delivery[]): Promise<boolean> {
    if (batch.length === 0) return true;
    if (this.#outage) return false;
    const begun = performance.now();
    try {
      this.#gateways = await this.#publish('deliver', [...batch]);
    } catch (error) {
      this.#beginOutage(error);
      return false;
    }
    this.#metrics.pushed(batch, this.#gateways, (performance.now() - begun) / 1_000);
    return true;
  }

  async requestHeads(reason: HeadsReason): Promise<void> {
    this.#owed = undefined;
    try {
      await this.#publish('send-heads', reason);
      this.#metrics.headsRequested(reason);
    } catch (error) {
      this.#owed = reason;
      this.#beginOutage(error);
    }
  }

  startDraining(): void {
    this.#closing.abort(new Error('router is shutting down'));
  }

  async close(): Promise<void> {
    this.startDraining();
    await this.#outage;
    // The server itself was never attached to a port, and its own `close` would miss one.
    await this.#io.of('/').adapter.close();
  }

  /** Resolves to how many gateways heard it. The adapter publishes synchronously, so the last publish is ours. */
  #publish<Name extends keyof ClusterEvents>(name: Name, ...data: Parameters<ClusterEvents[Name]>): Promise<number> {
    this.#io.serverSideEmit(name, ...data);
    return this.#link.published();
  }

  #beginOutage(error: unknown): void {
    if (this.#outage || this.#closing.signal.aborted) return;
    this.#log.warn({ err: error, gateways: this.#gateways }, 'push failed: waiting for Redis');
    this.#outage = this.#awaitReturn()
      .catch(() => undefined) // closing: who waits sees the signal
      .finally(() => (this.#outage = undefined));
  }

  async #awaitReturn(): Promise<void> {
    const signal = this.#closing.signal;
    let redisBackAt: number | undefined;
    for (;;) {
      await delay(RETURN_POLL_MS, undefined, { signal });
      const gateways = await this.#countGateways();
      if (gateways === undefined) {
        redisBackAt = undefined;
        continue;
      }
      redisBackAt ??= performance.now();
      const isGraceOver = performance.now() - redisBackAt >= GATEWAYS_GRACE_MS;
      if (gateways < this.#gateways && !isGraceOver) continue;
      this.#log.info({ gateways }, 'Redis is back');
      break;
    }
    this.#owed ??= 'push_failed';
    // Heads follow the batches that wait, so that clients don't fetch what is being pushed to them.
    if (this.#waiting === 0) await this.requestHeads(this.#owed);
  }

  /** How many gateways listen to Redis now; undefined when Redis does not answer. Routers listen to nothing. */
  async #countGateways(): Promise<number | undefined> {
    if (!this.#link.isUp) return undefined;
    try {
      return await this.#io.of('/').adapter.serverCount();
    } catch {
      return undefined; // still away; the loop asks again
    }
  }

  async #outageOver(signal: AbortSignal): Promise<void> {
    this.#waiting += 1;
    try {
      await Promise.race([this.#outage, aborted(signal)]);
      signal.throwIfAborted();
    } finally {
      this.#waiting -= 1;
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
