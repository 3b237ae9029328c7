import { execFileSync, spawn } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { logTail, lookUpCommand } from '#libs/instance';

/** A program the engines need, and what brings it on Debian and Ubuntu: sets of packages; the first that exists is taken. */
interface Need {
  readonly program: string;
  readonly choices: readonly (readonly string[])[];
  readonly isPresent: (env: NodeJS.ProcessEnv) => boolean;
}

const has =
  (...programs: string[]) =>
  (env: NodeJS.ProcessEnv) =>
    programs.every((program) => lookUpCommand(program, env) !== undefined);

const OLDEST_JAVA = 17;

const needs = {
  mariadb: {
    program: 'mariadbd',
    choices: [
      // Not the package mariadb-server: it would start a server of the system's own.
      ['mariadb-server-core', 'mariadb-client-core'],
      ['mariadb-server-core-10.6', 'mariadb-client-core-10.6'],
    ],
    isPresent: has('mariadbd', 'mariadb-install-db', 'my_print_defaults'),
  },
  redis: { program: 'redis-server', choices: [['redis-server']], isPresent: has('redis-server') },
  java: {
    program: `Java ${OLDEST_JAVA}`,
    choices: [['openjdk-17-jre-headless'], ['openjdk-21-jre-headless'], ['default-jre-headless']],
    isPresent: hasJava,
  },
  debootstrap: { program: 'debootstrap', choices: [['debootstrap']], isPresent: has('debootstrap') },
  maven: { program: 'mvn', choices: [['maven']], isPresent: has('mvn') },
} satisfies Record<string, Need>;

export type NeedName = keyof typeof needs;

/** What is missing can't be installed by us; the message says what to do instead. */
export class CannotInstall extends Error {
  constructor(reason: string, packages: readonly string[]) {
    super(
      [
        `Missing: ${packages.join(', ')}. ${reason}`,
        'Ways on:',
        `  - as an administrator: apt-get install -y --no-install-recommends ${packages.join(' ')}`,
        '  - or use engines that run elsewhere: set MYSQL_URL, REDIS_URL and KAFKA_BROKERS',
        '  - or run all of it in containers: docker compose up -d --wait',
      ].join('\n'),
    );
    this.name = 'CannotInstall';
  }
}

/** Installs what is missing from the distribution. @throws CannotInstall */
export async function installMissing(
  names: readonly NeedName[],
  context: { env: NodeJS.ProcessEnv; logFile: string; say: (text: string) => void },
): Promise<void> {
  const { env, logFile, say } = context;
  const missing = names.map((name): Need => needs[name]).filter((need) => !need.isPresent(env));
  if (missing.length === 0) return;
  const firstChoice = missing.flatMap(({ choices }) => choices[0] ?? []);
  if (lookUpCommand('apt-get', env) === undefined) {
    throw new CannotInstall('This system has no apt-get; install what gives the same programs.', firstChoice);
  }
  const asRoot = becomeRoot(env, firstChoice);
  const apt = async (...args: string[]) =>
    runLogged([...asRoot, 'apt-get', '-q', '-y', ...LOCK_WAIT, ...args], { env, logFile });
  say(`Installing ${firstChoice.join(', ')} (apt-get; log: ${logFile}).`);
  const stopTelling = tellProgress('Still installing', say);
  try {
    const isOffered = (names: readonly string[]) => names.every((name) => succeeds('apt-cache', ['show', name], env));
    // A fresh machine knows no packages yet. An old list may do, so its failure is not the end.
    const updated = await apt('update');
    const chosen = missing.flatMap(({ choices }) => choices.find(isOffered) ?? choices[0] ?? []);
    if (!(await apt('install', '--no-install-recommends', ...chosen))) {
      const reason = updated ? 'apt-get failed' : 'apt-get could not even fetch its lists (is there a network?)';
      throw new CannotInstall([`${reason}. The end of its words:`, ...logTail(logFile, 8)].join('\n    '), chosen);
    }
    if (chosen.includes('redis-server')) await stopSystemRedis(asRoot, { env, logFile });
  } finally {
    stopTelling();
  }
  const still = missing.filter((need) => !need.isPresent(env));
  if (still.length > 0) {
    throw new CannotInstall(
      `After the installation ${still.map(({ program }) => program).join(', ')} is not found.`,
      firstChoice,
    );
  }
}

const LOCK_WAIT = ['-o', 'DPkg::Lock::Timeout=120'];

/** The words before a command that make it root's; none for root. @throws CannotInstall */
function becomeRoot(env: NodeJS.ProcessEnv, packages: readonly string[]): string[] {
  if (process.getuid?.() === 0) return [];
  if (lookUpCommand('sudo', env) === undefined) {
    throw new CannotInstall('This user may not install packages: it is not root, and there is no sudo.', packages);
  }
  if (succeeds('sudo', ['-n', 'true'], env)) return ['sudo', '-n', 'DEBIAN_FRONTEND=noninteractive'];
  if (process.stdin.isTTY) return ['sudo', 'DEBIAN_FRONTEND=noninteractive'];
  throw new CannotInstall(
    'This user may not install packages: sudo asks for a password, and nobody is there to type it.',
    packages,
  );
}

/** The package's own service would wait on a port for nobody. Where systemd does not run, it was never started. */
async function stopSystemRedis(
  asRoot: readonly string[],
  context: { env: NodeJS.ProcessEnv; logFile: string },
): Promise<void> {
  if (existsSync('/run/systemd/system')) {
    await runLogged([...asRoot, 'systemctl', 'disable', '--now', 'redis-server'], context);
  }
}

function hasJava(env: NodeJS.ProcessEnv): boolean {
  const java = lookUpCommand('java', env);
  if (java === undefined) return false;
  try {
    const version = /(\d+)/.exec(execFileSync(java, ['--version'], { env, encoding: 'utf8', timeout: 20_000 }))?.[1];
    return Number(version) >= OLDEST_JAVA;
  } catch {
    return false; // Java 8 does not know --version.
  }
}

function succeeds(command: string, args: readonly string[], env: NodeJS.ProcessEnv): boolean {
  try {
    execFileSync(command, args, { env, stdio: 'ignore', timeout: 30_000 });
    return true;
  } catch {
    return false;
  }
}

/** Runs to the end and says whether it gave 0; sudo may ask on the terminal. */
async function runLogged(
  words: readonly string[],
  context: { env: NodeJS.ProcessEnv; logFile: string },
): Promise<boolean> {
  const [command = '', ...args] = words;
  const log = openSync(context.logFile, 'a', 0o600);
  const env = { ...context.env, DEBIAN_FRONTEND: 'noninteractive' };
  const child = spawn(command, args, { env, stdio: ['inherit', log, log] });
  return new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}

/** A word every ten seconds, so that nobody takes a slow mirror for a hanging program. */
export function tellProgress(what: string, say: (text: string) => void): () => void {
  const since = performance.now();
  const timer = setInterval(() => say(`${what} (${Math.round((performance.now() - since) / 1000)} s).`), 10_000);
  return () => clearInterval(timer);
}
