/**
 * One local instance of the whole product: engines, database, services.
 *
 * Lifecycle: `startInstance` claims the data folder, ends what a killed run left there, starts the engines, prepares the
 * database, starts the services, and writes `instance.json`; `stop` goes the same way back, services first, so that they
 * drain into engines that still serve. A failure on the way up stops what was started before it is thrown.
 *
 * Invariants: every child is in `run.json` from the moment it has a pid; `instance.json` exists only while all is up.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startEngines, type EngineSet, type EngineUrls } from './engine-set.ts';
import { describeInstance } from './instance-file.ts';
import { keepRunning, type Kept } from './keep-running.ts';
import { beginLogs, endLeftOvers } from './left-overs.ts';
import { requireFreePorts } from './ports.ts';
import { ADMIN_USERNAME, migrate, seed, type Demo } from './prepare-database.ts';
import { writePrivateFile } from './private-file.ts';
import { RunRecord } from './run-record.ts';
import { keepSecrets, type Secrets } from './secrets.ts';
import { ServiceProcess, type ServiceName } from './service-process.ts';
import { nodeProgram, planServices, type Replicas, type ServiceEnv } from './service-recipes.ts';
import { WayBack } from './way-back.ts';

export interface InstanceOptions {
  /** The project's folder, with dist and node_modules. */
  readonly root: string;
  /** Secrets, logs, instance.json and, unless said otherwise, the engines' data. */
  readonly dataDir: string;
  readonly engineDataDir?: string;
  readonly env: NodeJS.ProcessEnv;
  /** Engines that run already and are only used. */
  readonly given?: Partial<EngineUrls>;
  readonly replicas?: Partial<Replicas>;
  /** Gateways listen on this port, the next one, …; on free ones when it is left out. */
  readonly port?: number;
  readonly serviceEnv?: ServiceEnv;
  /** Whether what dies is started again; a test that kills wants to do that itself. */
  readonly supervise?: boolean;
  readonly say?: (text: string) => void;
  /** Aborted: the start is given up at the next step, and what runs is stopped. */
  readonly signal?: AbortSignal;
}

/** Handles on everything that runs. */
export interface Instance {
  readonly engines: EngineSet;
  readonly urls: EngineUrls;
  readonly secrets: Secrets;
  readonly demo: Demo;
  readonly admin: { readonly username: string; readonly password: string };
  /** All replicas, or those of one service, in order. */
  services(name?: ServiceName): readonly ServiceProcess[];
  /** Settles with its name when an engine could not be kept running: nothing works then, but `stop` is still to be called. */
  readonly lost: Promise<string>;
  /** Ends all in order. Idempotent. */
  stop(): Promise<void>;
}

const ENGINE_FAILURES = 5;

/**
 * Brings one up, and returns when every service is ready.
 * @throws AlreadyRunning, PortBusy, EngineFailed, EngineUnreachable, PreparationFailed, ServiceFailed, CommandMissing
 */
export async function startInstance(options: InstanceOptions): Promise<Instance> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const record = new RunRecord(options.dataDir);
  const wayBack = new WayBack(() => record.close());
  try {
    return await bringUp(options, record, wayBack);
  } catch (error) {
    await wayBack.go();
    throw error;
  }
}

/** What all steps of one start share. */
interface Start {
  readonly options: InstanceOptions;
  readonly replicas: Replicas;
  readonly record: RunRecord;
  readonly wayBack: WayBack;
  readonly secrets: Secrets;
  readonly logDir: string;
  readonly say: (text: string) => void;
}

async function bringUp(options: InstanceOptions, record: RunRecord, wayBack: WayBack): Promise<Instance> {
  const { dataDir, say = () => undefined, signal } = options;
  await endLeftOvers(record, say);
  rmSync(join(dataDir, 'instance.json'), { force: true });
  const replicas = { gateway: 1, router: 1, session: 1, ...options.replicas };
  // Before the engines, so that it is told at once; after the left-overs, as a gateway may be among them.
  if (options.port !== undefined) await requireFreePorts(options.port, replicas.gateway);
  const secrets = keepSecrets(join(dataDir, 'secrets.json'));
  const start: Start = { options, replicas, record, wayBack, secrets, logDir: beginLogs(dataDir), say };

  const engines = await bringUpEngines(start);
  signal?.throwIfAborted();
  const demo = await prepareDatabase(start, engines.urls);
  signal?.throwIfAborted();
  const services = await bringUpServices(start, engines.urls);
  signal?.throwIfAborted();

  const { promise: lost, resolve: lose } = Promise.withResolvers<string>();
  const instance: Instance = {
    engines,
    urls: engines.urls,
    secrets,
    demo,
    admin: { username: ADMIN_USERNAME, password: secrets.admin_password },
    services: (name) => services.filter((service) => name === undefined || service.name === name),
    lost,
    stop: () => wayBack.go(),
  };
  keepWatch(start, instance, lose);
  return instance;
}

async function bringUpEngines({ options, record, wayBack, secrets, logDir, say }: Start): Promise<EngineSet> {
  say('Starting the engines.');
  const engines = await startEngines({
    dataDir: options.engineDataDir ?? join(options.dataDir, 'engines'),
    logDir,
    root: options.root,
    env: options.env,
    passwords: { mysql: secrets.mysql_password, redis: secrets.redis_password },
    given: options.given ?? {},
    onSpawn: (name, identity) => record.add(name, identity),
  });
  wayBack.add(async () => {
    say('Stopping the engines.');
    await engines.stop();
  });
  return engines;
}

async function prepareDatabase({ options, secrets, logDir, say }: Start, urls: EngineUrls): Promise<Demo> {
  say('Preparing the database.');
  const preparation = {
    node: nodeProgram(options.root),
    programs: join(options.root, 'dist', 'apps', 'session', 'src', 'database'),
    env: {
      ...options.env,
      MYSQL_URL: urls.mysql_url,
      SERVICE_TOKEN: secrets.service_token,
      SECRETS_KEY: secrets.secrets_key,
    },
    logFile: join(logDir, 'database.log'),
    secrets,
  };
  await migrate(preparation);
  return seed(preparation);
}

async function bringUpServices(start: Start, urls: EngineUrls): Promise<ServiceProcess[]> {
  const { options, record, wayBack, secrets, logDir, say } = start;
  say('Starting the services.');
  const recipes = await planServices({
    root: options.root,
    urls,
    secrets,
    replicas: start.replicas,
    port: options.port,
    logDir,
    env: options.env,
    serviceEnv: options.serviceEnv ?? {},
    onSpawn: (name, identity) => record.add(name, identity),
  });
  const services = recipes.map((recipe) => new ServiceProcess(recipe));
  const stop = async () => {
    await Promise.all(services.map((service) => service.stop()));
  };
  wayBack.add(async () => {
    say('Stopping the services.');
    await stop();
  });
  // Stopped ones end the wait for their readiness.
  options.signal?.addEventListener('abort', () => void stop(), { once: true });
  await Promise.all(services.map((service) => service.start()));
  return services;
}

/** Keeps the file true and, if wanted, the processes running until the way back begins. */
function keepWatch({ options, wayBack, say }: Start, instance: Instance, lose: (engine: string) => void): void {
  const file = join(options.dataDir, 'instance.json');
  const onChange = () => writePrivateFile(file, `${JSON.stringify(describeInstance(instance), null, 2)}\n`);
  const stopping = new AbortController();
  wayBack.add(() => {
    stopping.abort();
    rmSync(file, { force: true });
  });
  onChange();
  if (!options.supervise) return;
  const keeping = { say, onChange, signal: stopping.signal };
  for (const service of instance.services()) void keepRunning(service, keeping);
  const giveUp = { afterFailures: ENGINE_FAILURES, tell: (engine: Kept) => lose(engine.label) };
  for (const engine of instance.engines.own) void keepRunning(engine, { ...keeping, giveUp });
}
