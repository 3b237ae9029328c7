import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from './engine.ts';
import { startKafka } from './kafka.ts';
import { startMariadb } from './mariadb.ts';
import { findFreePort } from './ports.ts';
import { startRedis } from './redis.ts';
import { createTopics } from './topics.ts';

/** What clients of the engines connect with; the same names as in the environment. */
export interface EngineUrls {
  readonly mysql_url: string;
  readonly redis_url: string;
  readonly kafka_brokers: string;
}

export interface EngineSetOptions {
  /** Holds one folder an engine. */
  readonly dataDir: string;
  readonly logDir: string;
  readonly jarDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly passwords: { readonly mysql: string; readonly redis: string };
  /** Free ports are taken for those not named. */
  readonly ports?: Partial<Record<'mariadb' | 'redis' | 'kafka', number>>;
}

/** Three engines that run. */
export interface EngineSet {
  readonly urls: EngineUrls;
  readonly mariadb: Engine;
  readonly redis: Engine;
  readonly kafka: Engine;
  /** Ends all three in order. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts MariaDB, Redis and Kafka side by side and creates the topics.
 * If one fails, the others are stopped before the error is thrown.
 * @throws EngineFailed, CommandMissing, CommandFailed
 */
export async function startEngines(options: EngineSetOptions): Promise<EngineSet> {
  const { env, logDir, passwords, jarDir } = options;
  await mkdir(logDir, { recursive: true });
  const place = async (name: 'mariadb' | 'redis' | 'kafka') => ({
    dataDir: join(options.dataDir, name),
    logFile: join(logDir, `${name}.log`),
    port: options.ports?.[name] ?? (await findFreePort()),
    env,
  });
  const starts = [
    startMariadb({ ...(await place('mariadb')), password: passwords.mysql, database: 'seqdesk' }),
    startRedis({ ...(await place('redis')), password: passwords.redis }),
    startKafka({ ...(await place('kafka')), jarDir, controllerPort: await findFreePort() }),
  ] as const;
  const [mariadb, redis, kafka] = await allOrNone(starts);
  const stop = async () => {
    await Promise.all([mariadb.stop(), redis.stop(), kafka.stop()]);
  };
  const urls = { mysql_url: mariadb.url, redis_url: redis.url, kafka_brokers: kafka.url };
  try {
    await createTopics(kafka.url);
  } catch (error) {
    await stop();
    throw error;
  }
  return { urls, mariadb, redis, kafka, stop };
}

async function allOrNone(
  starts: readonly [Promise<Engine>, Promise<Engine>, Promise<Engine>],
): Promise<[Engine, Engine, Engine]> {
  const results = await Promise.allSettled(starts);
  const failure = results.find((result) => result.status === 'rejected');
  if (!failure) return Promise.all(starts);
  await Promise.all(results.map((result) => (result.status === 'fulfilled' ? result.value.stop() : undefined)));
  throw failure.reason;
}
