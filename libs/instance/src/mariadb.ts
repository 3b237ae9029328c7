import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { runCommand } from './child-process.ts';
import { accountUrl, answersMysql, type DatabaseOptions, writeAccount } from './database-account.ts';
import { Engine } from './engine.ts';
import { findCommand } from './find-command.ts';

const LONGEST_SOCKET_PATH = 100;

/**
 * Starts a MariaDB of our own on loopback, and creates its data folder at the first start.
 * The account `seqdesk` has all rights: the server exists for this one instance.
 * @throws EngineFailed
 */
export async function startMariadb(options: DatabaseOptions): Promise<Engine> {
  const url = accountUrl(options);
  await installDatabase(options);
  const initFile = writeAccount(options.dataDir, options);
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

async function installDatabase(options: DatabaseOptions): Promise<void> {
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

function serverArguments({ dataDir, port }: DatabaseOptions, initFile: string): string[] {
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
