import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, runCommand } from './child-process.ts';
import { accountUrl, answersMysql, type DatabaseOptions, writeAccount } from './database-account.ts';
import { Engine } from './engine.ts';
import { findCommand } from './find-command.ts';

export interface MysqlOptions extends DatabaseOptions {
  /** The root folder of a system that has mysqld. */
  readonly system: string;
}

/** Where the data folder appears inside the system. */
const INSIDE = '/mnt';

/**
 * Starts a MySQL of another system in a chroot, on loopback. Needs root.
 * The mounts that it needs live in a namespace of its own and so end with it, also after a kill -9.
 * @throws EngineFailed
 */
export async function startMysql(options: MysqlOptions): Promise<Engine> {
  const url = accountUrl(options);
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  await installDatabase(options);
  writeAccount(options.dataDir, options);
  const engine = new Engine({
    name: 'mysql',
    url,
    port: options.port,
    dataDir: options.dataDir,
    command: inside(options, 'mysql', [
      `--init-file=${INSIDE}/seqdesk-account.sql`,
      `--port=${options.port}`,
      '--bind-address=127.0.0.1',
      `--socket=${INSIDE}/mysql.sock`,
      `--pid-file=${INSIDE}/mysql.pid`,
      '--secure-file-priv=NULL',
      '--mysqlx=OFF',
      '--skip-name-resolve',
      '--default-time-zone=+00:00',
      '--max-connections=400',
      '--innodb-buffer-pool-size=256M',
    ]),
    isReady: () => answersMysql(url),
    readyLimitMs: 90_000,
    stopLimitMs: 60_000,
  });
  await engine.start();
  return engine;
}

async function installDatabase(options: MysqlOptions): Promise<void> {
  const done = join(options.dataDir, 'seqdesk-installed');
  if (existsSync(done)) return;
  await runCommand(inside(options, 'mysql-initialize', ['--initialize-insecure']));
  writeFileSync(done, '');
}

function inside(options: MysqlOptions, name: string, args: readonly string[]): Command {
  const { system, dataDir, env, logFile, onSpawn } = options;
  const script = [
    'mount --make-rprivate /',
    'mount --bind /dev "$1/dev"',
    'mount -t proc proc "$1/proc"',
    `mount --bind "$2" "$1${INSIDE}"`,
    'system=$1',
    'shift 2',
    'exec chroot "$system" /usr/sbin/mysqld "$@"',
  ].join(' && ');
  const common = ['--no-defaults', '--user=root', `--datadir=${INSIDE}/data`];
  return {
    name,
    file: findCommand('unshare', env),
    args: ['--mount', 'sh', '-c', script, 'sh', system, dataDir, ...common, ...args],
    env: { ...env, TMPDIR: INSIDE },
    cwd: dataDir,
    logFile,
    onSpawn,
  };
}
