import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { runCommand, type Command } from './child-process.ts';
import { Engine, type EngineOptions } from './engine.ts';
import { findCommand } from './find-command.ts';

export interface KafkaOptions extends EngineOptions {
  readonly jarDir: string;
  readonly controllerPort: number;
}

// G1 with a short pause goal: the serial collector's 8-13 ms pauses were most of the P99 of a hop.
const JAVA_OPTIONS = [
  '-Xms512m',
  '-Xmx512m',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=5',
  '-Djava.awt.headless=true',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS',
];

/**
 * Starts one Kafka node in KRaft mode on loopback, broker and controller in one process, and formats its folder at the first start.
 * Ready means: the port is open. Topics are for `createTopics`.
 * @throws EngineFailed
 */
export async function startKafka(options: KafkaOptions): Promise<Engine> {
  const config = writeConfig(options);
  await formatStorage(options, config);
  const engine = new Engine({
    name: 'kafka',
    url: `127.0.0.1:${options.port}`,
    port: options.port,
    dataDir: options.dataDir,
    command: java(options, 'kafka', ['kafka.Kafka', config]),
    isReady: () => acceptsConnections(options.port),
    readyLimitMs: 90_000,
    stopLimitMs: 30_000,
  });
  await engine.start();
  return engine;
}

function java(options: KafkaOptions, name: string, args: readonly string[]): Command {
  return {
    name,
    file: findCommand('java', options.env),
    args: [...JAVA_OPTIONS, '-cp', join(options.jarDir, '*'), ...args],
    env: options.env,
    cwd: options.dataDir,
    logFile: options.logFile,
    onSpawn: options.onSpawn,
  };
}

function writeConfig({ dataDir, port, controllerPort }: KafkaOptions): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': join(dataDir, 'log'),
    'auto.create.topics.enable': false,
    'default.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    // Fewer and smaller waits for the disk's journal: measured on ext4, where each can block a write for 100 ms and more.
    'log.segment.bytes': 32 * 1024 * 1024,
    'log.index.size.max.bytes': 1024 * 1024,
    'replica.high.watermark.checkpoint.interval.ms': 60_000,
    'metadata.max.idle.interval.ms': 0,
  };
  const file = join(dataDir, 'server.properties');
  writeFileSync(
    file,
    Object.entries(settings)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
  return file;
}

async function formatStorage(options: KafkaOptions, config: string): Promise<void> {
  const done = join(options.dataDir, 'seqdesk-formatted');
  if (existsSync(done)) return;
  rmSync(join(options.dataDir, 'log'), { recursive: true, force: true });
  const cluster = makeClusterId();
  await runCommand(java(options, 'kafka-format', ['kafka.tools.StorageTool', 'format', '-t', cluster, '-c', config]));
  writeFileSync(done, cluster);
}

/** 128 bits as Kafka writes them; the first one is 0, as an id that begins with `-` would be taken for an option. */
function makeClusterId(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return bytes.toString('base64url');
}

function acceptsConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: 1_000 });
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
    socket.once('timeout', () => settle(false));
  });
}
