import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Engine, type EngineOptions } from './engine.ts';
import { findCommand } from './find-command.ts';

export interface RedisOptions extends EngineOptions {
  /** Letters, digits, - and _ only. */
  readonly password: string;
}

/**
 * Starts a Redis of our own on loopback. It keeps nothing on disk: all it holds may be lost at any time.
 * @throws EngineFailed
 */
export async function startRedis(options: RedisOptions): Promise<Engine> {
  const url = `redis://:${options.password}@127.0.0.1:${options.port}/0`;
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const engine = new Engine({
    name: 'redis',
    url,
    port: options.port,
    dataDir: options.dataDir,
    command: {
      name: 'redis',
      file: findCommand('redis-server', options.env),
      args: [writeConfig(options)],
      env: options.env,
      cwd: options.dataDir,
      logFile: options.logFile,
      onSpawn: options.onSpawn,
    },
    isReady: () => answersRedis(url),
    readyLimitMs: 20_000,
    stopLimitMs: 10_000,
  });
  await engine.start();
  return engine;
}

/** A file and not arguments, which every user of the machine may read. */
function writeConfig({ dataDir, port, password }: RedisOptions): string {
  if (!/^[\w-]+$/.test(password)) throw new TypeError('unfit Redis password');
  const file = join(dataDir, 'redis.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `requirepass ${password}`,
    'dir ./',
    'save ""',
    'appendonly no',
    'daemonize no',
    'maxclients 1000',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
}

/** Whether Redis lets this URL in and answers. @throws ioredis's error when it doesn't. */
export async function answersRedis(url: string): Promise<boolean> {
  const client = new Redis(url, {
    lazyConnect: true,
    retryStrategy: null,
    connectTimeout: 2_000,
    commandTimeout: 2_000,
  });
  let reason: unknown;
  client.on('error', (error) => (reason = error));
  try {
    await client.connect();
    return (await client.ping()) === 'PONG';
  } catch (error) {
    throw reason ?? error; // What connect() throws says no more than that the connection is closed.
  } finally {
    client.disconnect();
  }
}
