import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { runCommand } from './child-process.ts';
import { Engine, type EngineOptions } from './engine.ts';
import { findCommand } from './find-command.ts';

/** The database also needs the account that is made for us. */
export interface MariadbOptions extends EngineOptions {
  /** Letters, digits, - and _ only: it is written into SQL and into a URL. */
  readonly password: string;
  readonly database: string;
}

const LONGEST_SOCKET_PATH = 100;

/**
 * Starts a MariaDB of our own on loopback, and creates its data folder at the first start.
 * The account `seqdesk` has all rights: the server exists for this one instance.
 * @throws EngineFailed
 */
export async function startMariadb(options: MariadbOptions): Promise<Engine> {
  const url = `mysql://seqdesk:${options.password}@127.0.0.1:${options.port}/${options.database}`;
  await installDatabase(options);
  const initFile = writeAccounts(options);
  const engine = new Engine({
    name: 'mariadb',
    url,
    port: options.port,
    dataDir: options.dataDir,
    command: {
      name: 'mariadb',
      file: findCommand('mariadbd', options.env),
      args: serverArguments(options, initFile),
      env: options.env,
      cwd: options.dataDir,
      logFile: options.logFile,
      onSpawn: options.onSpawn,
    },
    isReady: () => answersMysql(url),
    readyLimitMs: 90_000, // Recovery after a kill reads the whole redo log.
    stopLimitMs: 60_000,
  });
  await engine.start();
  return engine;
}

async function installDatabase(options: MariadbOptions): Promise<void> {
  const done = join(options.dataDir, 'seqdesk-installed');
  if (existsSync(done)) return;
  // Half an installation of a killed run is no database: begin again.
  rmSync(options.dataDir, { recursive: true, force: true });
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  await runCommand({
    name: 'mariadb-install-db',
    file: findCommand('mariadb-install-db', options.env),
    args: [
      '--no-defaults',
      `--datadir=${options.dataDir}`,
      '--auth-root-authentication-method=socket',
      '--skip-test-db',
      ...asUser(),
    ],
    env: options.env,
    cwd: options.dataDir,
    logFile: options.logFile,
  });
  writeFileSync(done, '');
}

/** The server runs this file before it listens, so a client never meets a server without the account. */
function writeAccounts({ dataDir, database, password }: MariadbOptions): string {
  if (!/^[\w-]+$/.test(password) || !/^\w+$/.test(database)) throw new TypeError('unfit database name or password');
  const file = join(dataDir, 'seqdesk-accounts.sql');
  const account = `'seqdesk'@'%'`;
  const statements = [
    `CREATE DATABASE IF NOT EXISTS \`${database}\`;`,
    `CREATE USER IF NOT EXISTS ${account} IDENTIFIED BY '${password}';`,
    `ALTER USER ${account} IDENTIFIED BY '${password}';`,
    `GRANT ALL ON *.* TO ${account};`,
  ];
  writeFileSync(file, `${statements.join('\n')}\n`, { mode: 0o600 });
  return file;
}

function serverArguments({ dataDir, port }: MariadbOptions, initFile: string): string[] {
  return [
    '--no-defaults',
    `--datadir=${dataDir}`,
    `--init-file=${initFile}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--socket=${socketPath(dataDir)}`,
    `--pid-file=${join(dataDir, 'mariadb.pid')}`,
    '--skip-name-resolve',
    '--character-set-server=utf8mb4',
    '--default-time-zone=+00:00',
    '--max-connections=400',
    '--innodb-buffer-pool-size=256M',
    '--innodb-log-file-size=128M',
    ...asUser(),
  ];
}

/** mariadbd refuses to run as root unless told that it is meant. */
function asUser(): string[] {
  const { uid, username } = userInfo();
  return uid === 0 ? [`--user=${username}`] : [];
}

/** A UNIX socket's path may have 107 bytes only. */
function socketPath(dataDir: string): string {
  const inside = join(dataDir, 'mariadb.sock');
  if (Buffer.byteLength(inside) <= LONGEST_SOCKET_PATH) return inside;
  return join(tmpdir(), `seqdesk-${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}.sock`);
}

/** Whether the database lets this URL in and answers. @throws the driver's error when it doesn't. */
export async function answersMysql(url: string): Promise<boolean> {
  const connection = await createConnection({ uri: url, connectTimeout: 2_000 });
  try {
    await connection.query({ sql: 'SELECT 1', timeout: 2_000 });
    return true;
  } finally {
    await connection.end();
  }
}
