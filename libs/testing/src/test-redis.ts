import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, findFreePort, startRedis } from '#libs/instance';

/** A Redis of its own, for one test file. */
export interface TestRedis {
  /** It may be killed and started again; its url has the password. */
  readonly engine: Engine;
  end(): Promise<void>;
}

export async function startTestRedis(): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'redis-'));
  const engine = await startRedis({
    dataDir: join(folder, 'redis'),
    port: await findFreePort(),
    logFile: join(folder, 'redis.log'),
    env: process.env,
    onSpawn: () => undefined,
    password: 'under-test',
  });
  return {
    engine,
    async end() {
      await engine.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
