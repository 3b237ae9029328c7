/**
 * Redis as the cluster uses it: something that may be away.
 *
 * Guarantees: no command hangs (each has a deadline), no failure ends the process (@socket.io/redis-adapter never catches
 * a failed `publish`), reconnects go on for ever. Who needs to know whether a publish got through asks `published()`.
 *
 * Lifecycle: `RedisLink` connects at once in the background; `close` ends it.
 */
import { createAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';

const COMMAND_DEADLINE_MS = 2_000;
const CONNECT_DEADLINE_MS = 2_000;
const RECONNECT_CAP_MS = 1_000;

export interface RedisLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export class RedisLink {
  /** For commands and publishing; commands fail at once while Redis is away. */
  readonly client: Redis;
  readonly #subscriber: Subscriber | undefined;
  readonly #backListeners: (() => void)[] = [];
  #lastPublish: Promise<number> = Promise.resolve(0);
  #wasLost = false;

  /** `listens: false` for who only publishes: it would hear and parse all of its own words. */
  constructor(url: string, log: RedisLog, { listens = true }: { listens?: boolean } = {}) {
    const shared = {
      connectTimeout: CONNECT_DEADLINE_MS,
      maxRetriesPerRequest: 0,
      retryStrategy: (attempt: number) => Math.min(RECONNECT_CAP_MS, 50 * attempt),
    };
    this.client = new Redis(url, { ...shared, enableOfflineQueue: false, commandTimeout: COMMAND_DEADLINE_MS });
    // The subscriber keeps its queue: the adapter subscribes once, before the first connection stands.
    this.#subscriber = listens ? new Subscriber(url, { ...shared, maxRetriesPerRequest: null }) : undefined;
    for (const [name, redis] of [['client', this.client] as const, ['subscriber', this.#subscriber] as const]) {
      redis?.on('error', (error: Error) => log.warn({ connection: name, error: error.message }, 'redis error'));
    }
    this.#subscriber?.on('close', () => (this.#wasLost = true));
    this.#subscriber?.on('ready', () => {
      if (!this.#wasLost) return;
      this.#wasLost = false;
      log.info({}, 'redis subscriber is back');
      for (const listener of this.#backListeners) listener();
    });
  }

  /** The constructor for `server.adapter(…)`. */
  createAdapter(): ReturnType<typeof createAdapter> {
    return createAdapter(this.#publisher(), this.#subscriber ?? deafSubscriber);
  }

  get isUp(): boolean {
    return this.client.status === 'ready';
  }

  /** Called each time the subscriber stands again after a loss: pushes may have been missed. */
  onSubscriberBack(listener: () => void): void {
    this.#backListeners.push(listener);
  }

  /** Resolves to how many subscribers the last publish reached; rejects when it failed or its outcome is unknown. */
  published(): Promise<number> {
    return this.#lastPublish;
  }

  close(): void {
    this.client.disconnect();
    this.#subscriber?.disconnect();
  }

  /** The client as the adapter sees it: its publishes are remembered, and their failures never go unhandled. */
  #publisher(): Redis {
    const publish = (channel: string | Buffer, message: string | Buffer) => {
      const published = this.client.publish(channel, message);
      this.#lastPublish = published;
      published.catch(() => undefined);
      return published.catch(() => 0);
    };
    return new Proxy(this.client, {
      get(client, name) {
        if (name === 'publish') return publish;
        const value: unknown = Reflect.get(client, name);
        return typeof value === 'function' ? (value.bind(client) as unknown) : value;
      },
    });
  }
}

/**
 * Nobody looks at the outcome of a subscription: neither the adapter at its own, nor ioredis at those that it makes again
 * after a loss. While Redis is away they wait in the queue, and `close` makes them fail: then nobody wants them any more.
 * One that Redis refuses is told as an error.
 */
class Subscriber extends Redis {
  override sendCommand(...[command, stream]: Parameters<Redis['sendCommand']>): unknown {
    command.promise.catch((error: unknown) => {
      if (this.status !== 'end' && command.name.endsWith('subscribe')) this.emit('error', error);
    });
    return super.sendCommand(command, stream);
  }
}

/** What the adapter asks of a subscriber, for a process that hears nothing. */
const deafSubscriber = {
  psubscribe: () => undefined,
  punsubscribe: () => undefined,
  subscribe: () => undefined,
  unsubscribe: () => undefined,
  on: () => undefined,
  off: () => undefined,
};
