import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CommandMissing, lookUpCommand } from '#libs/instance';
import { installMissing, tellProgress } from './packages.ts';

const run = promisify(execFile);
const DEADLINE_MS = 15 * 60_000;

/** A real MySQL can't be had here; the message says why. */
export class NoMysql extends Error {
  constructor(reason: string, cause?: unknown) {
    super(`The database tier can't run on MySQL: ${reason}`, { cause });
    this.name = 'NoMysql';
  }
}

/**
 * The root folder of a minimal Debian unstable with a MySQL server, which stable Debian lacks. Made once, kept in the
 * user's cache folder; remove it there to get what unstable has by then.
 * @throws NoMysql, CannotInstall
 */
export async function provideMysqlSystem(context: {
  env: NodeJS.ProcessEnv;
  logFile: string;
  say: (text: string) => void;
}): Promise<string> {
  const { env, say } = context;
  if (process.getuid?.() !== 0) throw new NoMysql('it lives in a chroot, and that needs root');
  const system = join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'seqdesk', 'mysql-system');
  if (!existsSync(system)) {
    await installMissing(['debootstrap'], context);
    say('Fetching a minimal system with MySQL (about 150 MB, once).');
    const stopTelling = tellProgress('Still fetching', say);
    try {
      await bootstrap(system, env);
    } finally {
      stopTelling();
    }
  }
  const { stdout } = await run('chroot', [system, '/usr/sbin/mysqld', '--no-defaults', '--version'], { env });
  say(`The database is ${stdout.trim()}.`);
  return system;
}

async function bootstrap(system: string, env: NodeJS.ProcessEnv): Promise<void> {
  const debootstrap = lookUpCommand('debootstrap', env);
  if (debootstrap === undefined) throw new CommandMissing('debootstrap');
  const trial = `${system}.new`;
  await rm(trial, { recursive: true, force: true });
  await mkdir(trial, { recursive: true });
  try {
    await run(debootstrap, ['--variant=minbase', '--include=mysql-server-core', 'sid', trial], {
      env,
      timeout: DEADLINE_MS,
      maxBuffer: 16 * 1024 * 1024,
    });
  } catch (error) {
    const output = error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error);
    throw new NoMysql(`debootstrap failed: ${output.trim().split('\n').slice(-5).join(' / ')}`, error);
  }
  await rename(trial, system);
}
