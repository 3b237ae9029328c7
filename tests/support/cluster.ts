import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { createPool, type Pool, type RowDataPacket } from 'mysql2/promise';
import { consumerGroups, type Message } from '#libs/contracts';
import { copyTopic, createKafka, isCaughtUp, type KafkaConnection } from '#libs/kafka';
import { createLogger } from '#libs/observability';
import { type Instance, logTail, startInstance } from '#libs/instance';
import { login, waitUntil } from '#libs/testing';

export type ServiceName = 'gateway' | 'router' | 'session';
type EngineName = 'mysql' | 'redis' | 'kafka';

/** Limits that a test's own hammering must not meet. */
const ROOMY = {
  GATEWAY_LIMITS_MESSAGES_PER_SECOND: '5000',
  GATEWAY_LIMITS_BURST: '5000',
  GATEWAY_LIMITS_HANDSHAKES_PER_SECOND_PER_ADDRESS: '5000',
};

/** More sessions than any test opens: nobody waits for a slot unless the test says so. */
const ROOMY_CAPACITY = 1_000;

/** A whole cluster with engines of its own, for one test file. */
export interface TestCluster {
  readonly demo: Instance['demo'];
  readonly instance: Instance;
  /** All gateways, the named one first. */
  gatewayUrls(first: number): string[];
  agentToken(index: number): Promise<string>;
  storedMessages(session_id: string): Promise<Message[]>;
  isStored(message_id: string): Promise<boolean>;
  placesOf(message_ids: readonly string[]): Promise<{ message_id: string; session_id: string }[]>;
  followUpOf(session_id: string): Promise<string | undefined>;
  stateOf(session_id: string): Promise<string | undefined>;
  logEpoch(): Promise<number>;
  /** One statement on the database itself. */
  rows(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** Every service's process, to see that none has ended or was replaced. */
  pids(): (number | undefined)[];
  redis(command: string, ...args: string[]): Promise<unknown>;
  signal(name: ServiceName, replica: number, signal: NodeJS.Signals): void;
  /** Whether its process stands still after a SIGSTOP. */
  isStopped(name: ServiceName, replica: number): boolean;
  isRunning(name: ServiceName, replica: number): boolean;
  /** SIGKILL, then a start on the same ports. */
  kill(name: ServiceName, replica: number): Promise<void>;
  /** SIGTERM when it still runs, then a start on the same ports. */
  restart(name: ServiceName, replica: number): Promise<void>;
  /** The same with a failpoint, which may end or freeze it before it is ready: so nobody waits for that here. */
  arm(name: ServiceName, replica: number, failpoint: string): Promise<void>;
  /** Until it was killed, by a failpoint or from outside. @throws when it ended in another way, as with a wrong failpoint */
  waitExit(name: ServiceName, replica: number): Promise<void>;
  waitReady(): Promise<void>;
  /** Until every group has read all there is. */
  waitDrained(): Promise<void>;
  stopEngine(name: EngineName): Promise<void>;
  startEngine(name: EngineName): Promise<void>;
  signalEngine(name: EngineName, signal: NodeJS.Signals): void;
  duplicateInbound(): Promise<void>;
  /** A copy of the database's files, taken while it is stopped for a moment. */
  snapshotDatabase(): Promise<string>;
  restoreDatabase(snapshot: string): Promise<void>;
  /** Whatever a test that failed has left frozen, stopped or dead runs again. Look at `pids` before: it hides who died. */
  wake(): Promise<void>;
  stopServices(): Promise<void>;
  startServices(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts engines and services on free ports in a temporary folder. */
export async function startTestCluster(
  replicas: Record<ServiceName, number>,
  env: Partial<Record<ServiceName, Record<string, string>>> = {},
): Promise<TestCluster> {
  const dataDir = await mkdtemp(join(tmpdir(), 'seqdesk-test-'));
  const instance = await startInstance({
    root: process.cwd(),
    env: process.env,
    dataDir,
    replicas,
    supervise: false,
    serviceEnv: { ...env, gateway: { ...ROOMY, ...env.gateway } },
  }).catch((cause: unknown) => {
    throw new Error(`the cluster did not start\n${logOf(cause).join('\n')}`, { cause });
  });
  const cluster = new RunningCluster(instance, dataDir);
  await cluster.rows('UPDATE agents SET capacity = ?', [ROOMY_CAPACITY]);
  return cluster;
}

/** What the process that failed said last: its folder is gone when somebody reads the test's report. */
function logOf(cause: unknown): string[] {
  return cause instanceof Error && 'logFile' in cause ? logTail(String(cause.logFile), 40) : [];
}

/** As it is stored: words as they are, everything else as JSON. */
function readContent(type: string, stored: string): Message['content'] {
  const isText = type === 'text' || type === 'notification' || type === 'system';
  return isText ? stored : (JSON.parse(stored) as Record<string, unknown>);
}

class RunningCluster implements TestCluster {
  readonly instance: Instance;
  readonly #dataDir: string;
  readonly #mysql: Pool;

  constructor(instance: Instance, dataDir: string) {
    this.instance = instance;
    this.#dataDir = dataDir;
    this.#mysql = createPool({
      uri: instance.urls.mysql_url,
      connectionLimit: 4,
      supportBigNumbers: true,
      bigNumberStrings: true,
    });
  }

  get demo(): Instance['demo'] {
    return this.instance.demo;
  }

  gatewayUrls(first: number): string[] {
    const urls = this.instance.services('gateway').flatMap((gateway) => gateway.url ?? []);
    return [...urls.slice(first), ...urls.slice(0, first)];
  }

  async agentToken(index: number): Promise<string> {
    const agent = this.demo.agents[index];
    if (!agent) throw new Error(`no demo agent ${index}`);
    return login(this.gatewayUrls(0)[0] ?? '', agent.username, agent.password);
  }

  async storedMessages(session_id: string): Promise<Message[]> {
    const rows = await this.rows(
      `SELECT message_id, session_id, seq_id, type, sender, sender_role, target, content, send_time, client_msg_id, reply_to, choice_id
       FROM messages WHERE session_id = ? ORDER BY seq_id`,
      [session_id],
    );
    return rows.map(({ choice_id, ...row }) => ({
      ...(row as unknown as Message),
      seq_id: Number(row['seq_id']),
      content: readContent(String(row['type']), String(row['content'])),
      send_time: String(row['send_time']),
      ...(choice_id === null ? {} : { choice_id: String(choice_id) }),
    }));
  }

  async isStored(message_id: string): Promise<boolean> {
    return (await this.placesOf([message_id])).length > 0;
  }

  async placesOf(message_ids: readonly string[]): Promise<{ message_id: string; session_id: string }[]> {
    const rows = await this.rows('SELECT message_id, session_id FROM messages WHERE message_id IN (?)', [message_ids]);
    return rows as unknown as { message_id: string; session_id: string }[];
  }

  async followUpOf(session_id: string): Promise<string | undefined> {
    const [row] = await this.rows('SELECT session_id FROM sessions WHERE previous_session_id = ?', [session_id]);
    return row?.['session_id'] as string | undefined;
  }

  async stateOf(session_id: string): Promise<string | undefined> {
    const [row] = await this.rows('SELECT state FROM sessions WHERE session_id = ?', [session_id]);
    return row?.['state'] as string | undefined;
  }

  async logEpoch(): Promise<number> {
    const [row] = await this.rows("SELECT value FROM cluster_facts WHERE name = 'log_epoch'", []);
    return Number(row?.['value']);
  }

  pids(): (number | undefined)[] {
    return this.#services().map((service) => (service.isRunning() ? service.pid : undefined));
  }

  async redis(command: string, ...args: string[]): Promise<unknown> {
    const redis = new Redis(this.instance.urls.redis_url);
    try {
      return await redis.call(command, ...args);
    } finally {
      redis.disconnect();
    }
  }

  signal(name: ServiceName, replica: number, signal: NodeJS.Signals): void {
    this.#service(name, replica).kill(signal);
  }

  isStopped(name: ServiceName, replica: number): boolean {
    // The state is the first field behind the command's name in brackets.
    const stat = readFileSync(`/proc/${this.#service(name, replica).pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
  }

  isRunning(name: ServiceName, replica: number): boolean {
    return this.#service(name, replica).isRunning();
  }

  async kill(name: ServiceName, replica: number): Promise<void> {
    const service = this.#service(name, replica);
    service.kill('SIGKILL');
    await service.exited;
    await service.start();
  }

  async restart(name: ServiceName, replica: number): Promise<void> {
    const service = this.#service(name, replica);
    if (service.isRunning()) await service.stop();
    await service.start();
  }

  async arm(name: ServiceName, replica: number, failpoint: string): Promise<void> {
    const service = this.#service(name, replica);
    if (service.isRunning()) await service.stop();
    await service.launch({ FAILPOINTS: failpoint });
  }

  async waitExit(name: ServiceName, replica: number): Promise<void> {
    const service = this.#service(name, replica);
    await waitUntil(`${name} ${replica} to end`, () => !service.isRunning(), { limit_ms: 60_000 });
    const { signal } = await service.exited;
    if (signal !== 'SIGKILL') throw new Error(`${name} ${replica} ended by itself, or by ${signal}`);
  }

  async waitReady(): Promise<void> {
    for (const service of this.#services()) {
      await waitUntil(`${service.name} ${service.replica} to be ready`, () => service.isReady(), { limit_ms: 60_000 });
    }
  }

  async waitDrained(): Promise<void> {
    const kafka = this.#kafka();
    for (const [group, topic] of Object.entries(consumerGroups)) {
      await waitUntil(`${group} to have read all`, () => isCaughtUp(kafka, group, topic), { limit_ms: 60_000 });
    }
  }

  async stopEngine(name: EngineName): Promise<void> {
    await this.#engine(name).stop();
  }

  async startEngine(name: EngineName): Promise<void> {
    await this.#engine(name).start();
  }

  signalEngine(name: EngineName, signal: NodeJS.Signals): void {
    this.#engine(name).kill(signal);
  }

  async duplicateInbound(): Promise<void> {
    await copyTopic(this.#kafka(), 'chat.inbound.v1');
  }

  async snapshotDatabase(): Promise<string> {
    const snapshot = join(this.#dataDir, `snapshot-${Date.now()}`);
    const engine = this.#engine('mysql');
    await engine.stop();
    await cp(engine.dataDir, snapshot, { recursive: true, preserveTimestamps: true });
    await engine.start();
    return snapshot;
  }

  async restoreDatabase(snapshot: string): Promise<void> {
    const engine = this.#engine('mysql');
    await engine.stop();
    await rm(engine.dataDir, { recursive: true });
    await cp(snapshot, engine.dataDir, { recursive: true, preserveTimestamps: true });
    await engine.start();
  }

  async wake(): Promise<void> {
    for (const engine of this.instance.engines.own) {
      if (engine.isRunning()) engine.kill('SIGCONT');
      await engine.start();
    }
    for (const service of this.#services()) {
      if (service.isRunning()) service.kill('SIGCONT');
      await service.start();
    }
  }

  async stopServices(): Promise<void> {
    for (const name of ['gateway', 'router', 'session'] as const) {
      await Promise.all(this.instance.services(name).map((service) => service.stop()));
    }
  }

  async startServices(): Promise<void> {
    for (const name of ['session', 'router', 'gateway'] as const) {
      await Promise.all(this.instance.services(name).map((service) => service.start()));
    }
  }

  async stop(): Promise<void> {
    try {
      await this.#mysql.end();
    } finally {
      await this.instance.stop();
      await rm(this.#dataDir, { recursive: true, force: true });
    }
  }

  async rows(sql: string, values: unknown[] = []): Promise<RowDataPacket[]> {
    const [rows] = await this.#mysql.query<RowDataPacket[]>(sql, values);
    return rows;
  }

  #kafka(): KafkaConnection {
    const log = createLogger({ service: 'test', level: 'error' });
    return createKafka({ brokers: this.instance.urls.kafka_brokers.split(','), clientId: 'cluster-test', log });
  }

  #services() {
    return (['gateway', 'router', 'session'] as const).flatMap((name) => this.instance.services(name));
  }

  #service(name: ServiceName, replica: number) {
    const service = this.instance.services(name)[replica];
    if (!service) throw new Error(`no ${name} ${replica}`);
    return service;
  }

  #engine(name: EngineName) {
    const engine = this.instance.engines?.[name === 'mysql' ? 'mariadb' : name];
    if (!engine) throw new Error(`no engine ${name}`);
    return engine;
  }
}
