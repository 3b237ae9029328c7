import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EngineSet, startEngines, type EngineSetOptions } from './engine-set.ts';
import { makeSecrets } from './secrets.ts';

const { mysql_password: mysql, redis_password: redis } = makeSecrets();
let options: EngineSetOptions;
let engines: EngineSet;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'engines-'));
  options = {
    root: join(import.meta.dirname, '..', '..', '..'),
    dataDir: folder,
    logDir: join(folder, 'logs'),
    env: process.env,
    passwords: { mysql, redis },
  };
  engines = await startEngines(options);
});

afterAll(async () => {
  await engines?.stop();
  await rm(options.dataDir, { recursive: true, force: true });
});

async function query(sql: string): Promise<RowDataPacket[]> {
  const connection = await createConnection(engines.urls.mysql_url);
  try {
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    return rows;
  } finally {
    await connection.end();
  }
}

test('a database that is killed comes back on its port, with all that was committed', async () => {
  await query('CREATE TABLE kept (n INT PRIMARY KEY)');
  await query('INSERT INTO kept VALUES (7)');
  const { mariadb } = engines;
  const before = mariadb.pid;
  mariadb.kill('SIGKILL');
  expect(await mariadb.exited).toEqual({ code: null, signal: 'SIGKILL' });
  await mariadb.start();
  expect(mariadb.pid).not.toBe(before);
  expect(await query('SELECT n FROM kept')).toEqual([{ n: 7 }]);
});

test('a Redis that is frozen can still be stopped', async () => {
  engines.redis.kill('SIGSTOP');
  await engines.redis.stop();
  expect(engines.redis.isRunning()).toBe(false);
  await engines.redis.start();
  expect(engines.redis.isRunning()).toBe(true);
});

test('a given engine that does not answer is named by its variable', async () => {
  const given = { ...engines.urls, mysql_url: engines.urls.mysql_url.replace(mysql, 'wrong') };
  await expect(startEngines({ ...options, given })).rejects.toThrow(/^MYSQL_URL is set, but .*Access denied/);
});
