/**
 * `npm run sim:queue`: a shift of 100 agents on the real queue and a database of its own, once with each strategy.
 * Brings up the database with its data in RAM, lets vitest run queue.sim.ts, and writes what came of it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Engine, findFreePort, makeSecrets, RunRecord, startMariadb } from '#libs/instance';
import { provideEngines } from '../../scripts/instance/provide-engines.ts';
import { stopSignal } from '../../scripts/instance/stop-signal.ts';
import { clearTestFolder, sweepTestFolders, TEST_FOLDER } from '../../scripts/instance/test-folder.ts';
import { runTier } from '../../scripts/instance/test-tier.ts';
import { describeCommit, describeMachine } from '../report.ts';
import { plotQueue } from './plot.ts';
import { type QueueReport, toMarkdown } from './report.ts';
import type { ShiftResult } from './result.ts';

const USAGE = `npm run sim:queue -- [options]
  --seed N            another shift (default 1)
  --out NAME          results go to load-tests/results/NAME.md, .json and .svg (default queue)`;

const RAM = '/dev/shm';
const root = join(import.meta.dirname, '..', '..');
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: 'queue' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(USAGE);
else process.exitCode = (await simulate()) ? 0 : 1;
// The signal's listeners would keep the process.
process.exit();

/** False when something happened that never may. */
async function simulate(): Promise<boolean> {
  const signal = stopSignal(say);
  await sweepTestFolders(RAM, say);
  const folder = await mkdtemp(join(RAM, TEST_FOLDER));
  const record = new RunRecord(folder);
  let database: Engine | undefined;
  try {
    database = await startDatabase(folder, record);
    const file = join(folder, 'results.json');
    say('Two shifts follow, two minutes each.');
    const env = {
      ...process.env,
      MYSQL_URL: database.url,
      MYSQL_PID: String(database.pid),
      QUEUE_SIM_SEED: values.seed,
      QUEUE_SIM_RESULTS: file,
    };
    const run = { root, folder, tier: 'sim', name: undefined, files: [], env, signal };
    const { failed } = await runTier(run);
    // Missing when the run was ended early, or never began.
    const shifts = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ShiftResult[]) : [];
    if (shifts.length > 0) await write(shifts);
    return failed === 0;
  } finally {
    await database?.stop();
    record.close();
    await clearTestFolder(folder, say);
  }
}

async function startDatabase(folder: string, record: RunRecord): Promise<Engine> {
  const { env } = process;
  // Only the database: with the addresses of the others nothing is provided for them.
  const given = { redis_url: 'none', kafka_brokers: 'none' };
  await provideEngines({ root, env, given, logFile: join(folder, 'install.log'), say });
  return startMariadb({
    dataDir: join(folder, 'mariadb'),
    logFile: join(folder, 'mariadb.log'),
    port: await findFreePort(),
    env,
    password: makeSecrets().mysql_password,
    database: 'seqdesk',
    onSpawn: (identity) => record.add('mariadb', identity),
  });
}

async function write(shifts: ShiftResult[]): Promise<void> {
  const report: QueueReport = {
    machine: describeMachine(),
    commit: describeCommit(),
    seed: Number(values.seed),
    shifts,
  };
  const folder = join(root, 'load-tests', 'results');
  await mkdir(folder, { recursive: true });
  const text = toMarkdown(report, `${values.out}.svg`);
  await writeFile(join(folder, `${values.out}.json`), `${JSON.stringify(report, undefined, 2)}\n`);
  await writeFile(join(folder, `${values.out}.svg`), plotQueue(shifts));
  await writeFile(join(folder, `${values.out}.md`), text);
  console.log(text);
}

function say(text: string): void {
  console.error(text);
}
