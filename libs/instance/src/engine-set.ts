import { join } from 'node:path';
import { answersMysql } from './database-account.ts';
import { Engine, type EngineName, type EngineOptions } from './engine.ts';
import { locateKafkaJars } from './kafka-jars.ts';
import { startKafka } from './kafka.ts';
import { startMariadb } from './mariadb.ts';
import { findFreePort } from './ports.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { answersRedis, startRedis } from './redis.ts';
import { prepareTopics } from './topics.ts';
import { waitFor } from './wait-for.ts';

/** What clients of the engines connect with. */
export interface EngineUrls {
  readonly mysql_url: string;
  readonly redis_url: string;
  readonly kafka_brokers: string;
}

export interface EngineSetOptions {
  /** The project's folder, which pins Kafka's jars. */
  readonly root: string;
  /** Holds one folder an engine. */
  readonly dataDir: string;
  readonly logDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly passwords: { readonly mysql: string; readonly redis: string };
  /** Engines that run already and are only used. */
  readonly given?: Partial<EngineUrls>;
  /** Free ports are taken for those not named. */
  readonly ports?: Partial<Record<EngineName, number>>;
  readonly onSpawn?: (name: EngineName, identity: ProcessIdentity) => void;
}

/** An engine that was to be used did not answer. */
export class EngineUnreachable extends Error {
  constructor(variable: string, cause: unknown) {
    const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
    super(`${variable} is set, but the engine it names does not serve: ${reason}`, { cause });
    this.name = 'EngineUnreachable';
  }
}

/** The three engines of an instance: our own children, or given ones. */
export class EngineSet {
  readonly urls: EngineUrls;
  /** Those that we started ourselves. */
  readonly own: readonly Engine[];

  constructor(urls: EngineUrls, own: readonly Engine[]) {
    this.urls = urls;
    this.own = own;
  }

  get mariadb(): Engine {
    return this.#get('mariadb');
  }

  get redis(): Engine {
    return this.#get('redis');
  }

  get kafka(): Engine {
    return this.#get('kafka');
  }

  /** Ends our own in order. Idempotent. */
  async stop(): Promise<void> {
    await Promise.all(this.own.map((engine) => engine.stop()));
  }

  #get(name: EngineName): Engine {
    const engine = this.own.find((candidate) => candidate.name === name);
    if (!engine) throw new Error(`${name} was given, it is not ours to handle`);
    return engine;
  }
}

const GIVEN_LIMIT_MS = 5_000;

/**
 * Starts MariaDB, Redis and Kafka side by side, or checks the given ones, and creates the topics that are missing.
 * If one fails, the others are stopped before the error is thrown.
 * @throws EngineFailed, EngineUnreachable, CommandMissing, CommandFailed
 */
export async function startEngines(options: EngineSetOptions): Promise<EngineSet> {
  const { given = {}, passwords } = options;
  const place = async (name: EngineName): Promise<EngineOptions> => ({
    dataDir: join(options.dataDir, name),
    logFile: join(options.logDir, `${name}.log`),
    port: options.ports?.[name] ?? (await findFreePort()),
    env: options.env,
    onSpawn: (identity) => options.onSpawn?.(name, identity),
  });
  // All places first: between the starts nothing may be awaited, or an early failure would find nobody who listens.
  const [forMariadb, forRedis, forKafka] = [await place('mariadb'), await place('redis'), await place('kafka')];
  const controllerPort = await findFreePort();
  const { jarDir } = locateKafkaJars(options.root, options.env);
  const own = await allOrNone([
    given.mysql_url === undefined
      ? startMariadb({ ...forMariadb, password: passwords.mysql, database: 'seqdesk' })
      : check('MYSQL_URL', given.mysql_url, answersMysql),
    given.redis_url === undefined
      ? startRedis({ ...forRedis, password: passwords.redis })
      : check('REDIS_URL', given.redis_url, answersRedis),
    given.kafka_brokers === undefined
      ? startKafka({ ...forKafka, jarDir, controllerPort })
      : Promise.resolve(undefined),
  ]);
  const url = (name: EngineName) => own.find((engine) => engine.name === name)?.url ?? '';
  const set = new EngineSet(
    {
      mysql_url: given.mysql_url ?? url('mariadb'),
      redis_url: given.redis_url ?? url('redis'),
      kafka_brokers: given.kafka_brokers ?? url('kafka'),
    },
    own,
  );
  try {
    await prepareTopics(set.urls.kafka_brokers);
  } catch (error) {
    await set.stop();
    throw given.kafka_brokers === undefined ? error : new EngineUnreachable('KAFKA_BROKERS', error);
  }
  return set;
}

async function check(variable: string, url: string, answers: (url: string) => Promise<boolean>): Promise<undefined> {
  try {
    await waitFor({ what: `${variable} answers`, limitMs: GIVEN_LIMIT_MS, everyMs: 500 }, () => answers(url));
  } catch (error) {
    throw new EngineUnreachable(variable, error);
  }
}

async function allOrNone(starts: readonly Promise<Engine | undefined>[]): Promise<Engine[]> {
  const results = await Promise.allSettled(starts);
  const engines = results.flatMap((result) => (result.status === 'fulfilled' && result.value ? [result.value] : []));
  const failure = results.find((result) => result.status === 'rejected');
  if (!failure) return engines;
  await Promise.all(engines.map((engine) => engine.stop()));
  throw failure.reason;
}
