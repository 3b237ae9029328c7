import { setTimeout as delay } from 'node:timers/promises';
import mysql from 'mysql2';
import { DataSource } from 'typeorm';
import type { Logger } from '#libs/observability';
import { Initial1764000000000 } from './migrations/1764000000000-initial.ts';
import { Queue1764200000000 } from './migrations/1764200000000-queue.ts';
import { Served1764300000000 } from './migrations/1764300000000-served.ts';
import { entities } from './entities.ts';
import { isConnectionLost } from './transact.ts';

export interface DatabaseOptions {
  readonly url: string;
  readonly pool_size: number;
  readonly connect_timeout_ms: number;
}

/**
 * What every connection runs first. READ COMMITTED everywhere: under REPEATABLE READ a read-then-write loses updates and a
 * duplicate can't be seen. A frozen or dead replica's locks go after `wait_timeout`; who waits for a lock gives up before.
 */
const CONNECTION_SETTINGS = [
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  "SET SESSION time_zone = '+00:00', wait_timeout = 3, innodb_lock_wait_timeout = 2",
];
/** Idle connections are closed here before the server's wait_timeout does it under somebody's hands. */
const IDLE_MS = 1_500;
const RETRY_MS = 500;
/** A server that is paused or cut off must not hold a caller: what it still does later is settled like any repeat. */
export const STATEMENT_DEADLINE_MS = 10_000;

/** The service's one pool for requests, transitions and jobs; the log's writer has a connection of its own. */
export function createDataSource({ url, pool_size, connect_timeout_ms }: DatabaseOptions): DataSource {
  return new DataSource({
    type: 'mysql',
    url,
    driver: mysqlDriver(),
    entities,
    migrations: [Initial1764000000000, Queue1764200000000, Served1764300000000],
    synchronize: false,
    timezone: 'Z',
    charset: 'utf8mb4',
    supportBigNumbers: true,
    bigNumberStrings: true,
    connectTimeout: connect_timeout_ms,
    maxQueryExecutionTime: STATEMENT_DEADLINE_MS,
    enableQueryTimeout: true,
    poolSize: pool_size,
    extra: { maxIdle: Math.max(1, pool_size - 1), idleTimeout: IDLE_MS, enableKeepAlive: true },
  });
}

/** Connects, and goes on trying: an orchestrator may start a service before its database. */
export async function openDataSource(dataSource: DataSource, log: Logger): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await dataSource.initialize();
      return;
    } catch (err) {
      if (!isConnectionLost(err)) throw err;
      if (attempt === 1) log.warn({ err }, 'the database is not there yet');
      await delay(RETRY_MS);
    }
  }
}

/** mysql2, whose pools prepare each connection; a hook added after `initialize()` would miss the first one. */
function mysqlDriver(): typeof mysql {
  const createPool: typeof mysql.createPool = (config: mysql.PoolOptions | string) => {
    const pool = typeof config === 'string' ? mysql.createPool(config) : mysql.createPool(config);
    pool.on('connection', (connection) => {
      for (const sql of CONNECTION_SETTINGS) connection.query(sql);
    });
    return pool;
  };
  return Object.assign(Object.create(mysql) as typeof mysql, { createPool });
}
