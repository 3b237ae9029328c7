/** The second half of `npm test`, on the locked Node: engines, one run of vitest for each tier, clean-up, the count. */
import { statfsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Engine,
  type EngineSet,
  type EngineUrls,
  findFreePort,
  makeSecrets,
  RunRecord,
  startEngines,
  startMysql,
} from '#libs/instance';
import { explain } from './explain.ts';
import { provideMysqlSystem } from './mysql-system.ts';
import { provideEngines } from './provide-engines.ts';
import { stopSignal } from './stop-signal.ts';
import { addUp, describeTotal, type Outcome } from './test-outcome.ts';
import { clearTestFolder, sweepTestFolders, TEST_FOLDER } from './test-folder.ts';
import { runTier } from './test-tier.ts';

/** As scripts/test-options.mjs has read and checked them. */
interface Options {
  readonly tiers: readonly string[];
  readonly database: 'mariadb' | 'mysql';
  readonly name?: string;
  readonly files: readonly string[];
}

const root = join(import.meta.dirname, '..', '..');
const options = JSON.parse(process.argv[2] ?? '') as Options;
const say = (text: string) => console.log(text);
const signal = stopSignal(say);

// One folder holds all that this run makes: the tests' own temporary files and instances too, by TMPDIR.
const disk = chooseDisk();
await sweepTestFolders(disk, say);
const folder = await mkdtemp(join(disk, TEST_FOLDER));
const record = new RunRecord(folder);
const env = { ...process.env, TMPDIR: folder };
const logFile = join(folder, 'install.log');
let engines: EngineSet | undefined;
let mysqlServer: Engine | undefined;
const outcomes: Outcome[] = [];
try {
  for (const tier of options.tiers) {
    signal.throwIfAborted();
    outcomes.push(await run(tier));
  }
} catch (error) {
  if (!signal.aborted) console.error(explain(error, { dataDir: folder, port: 0 }));
  outcomes.push({ tier: 'set-up', passed: 0, failed: 1, skipped: [], failures: ['the run ended early'] });
} finally {
  await engines?.stop();
  await mysqlServer?.stop();
  record.close();
  await clearTestFolder(folder, say);
}
const total = addUp(outcomes);
say(describeTotal(outcomes, total));
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);

async function run(tier: string): Promise<Outcome> {
  say(`\n== ${tier}`);
  if (tier !== 'unit') await provideEngines({ root, env, given: {}, logFile, say });
  // e2e and cluster bring up instances of their own, whose engines they may kill.
  const isOnSharedEngines = tier === 'database' || tier === 'integration';
  if (isOnSharedEngines) engines ??= await startShared();
  else await stopShared();
  const { name, files } = options;
  return runTier({
    root,
    folder,
    tier,
    name,
    files,
    signal,
    env: { ...env, ...(engines && urlVariables(engines.urls)) },
  });
}

async function startShared(): Promise<EngineSet> {
  say('Starting the engines.');
  const { mysql_password: mysql, redis_password: redis } = makeSecrets();
  return startEngines({
    root,
    dataDir: join(folder, 'engines'),
    logDir: join(folder, 'logs'),
    env,
    passwords: { mysql, redis },
    given: options.database === 'mysql' ? { mysql_url: await startMysqlServer(mysql) } : {},
    onSpawn: (name, identity) => record.add(name, identity),
  });
}

async function startMysqlServer(password: string): Promise<string> {
  mysqlServer ??= await startMysql({
    system: await provideMysqlSystem({ env, logFile, say }),
    dataDir: join(folder, 'mysql'),
    logFile: join(folder, 'mysql.log'),
    port: await findFreePort(),
    env,
    password,
    database: 'seqdesk',
    onSpawn: (identity) => record.add('mysql', identity),
  });
  return mysqlServer.url;
}

async function stopShared(): Promise<void> {
  await engines?.stop();
  engines = undefined;
}

function urlVariables({ mysql_url, redis_url, kafka_brokers }: EngineUrls): NodeJS.ProcessEnv {
  return { MYSQL_URL: mysql_url, REDIS_URL: redis_url, KAFKA_BROKERS: kafka_brokers };
}

/** RAM, where there is plenty: a slow disk says nothing about our software. */
function chooseDisk(): string {
  const ENOUGH_BYTES = 4 * 1024 ** 3;
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    return bavail * bsize >= ENOUGH_BYTES ? '/dev/shm' : tmpdir();
  } catch {
    return tmpdir();
  }
}
