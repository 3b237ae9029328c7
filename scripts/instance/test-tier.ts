import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { readOutcome, type Outcome, type Report } from './test-outcome.ts';

interface Tier {
  readonly root: string;
  readonly folder: string;
  readonly tier: string;
  readonly name: string | undefined;
  readonly files: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

const DEADLINE_MS = 45 * 60_000;

/** Runs the tests of one tier with vitest and counts them. */
export async function runTier({ root, folder, tier, name, files, env, signal }: Tier): Promise<Outcome> {
  const programs = join(root, 'node_modules', '.bin');
  const reportFile = join(folder, `${tier}.json`);
  const args = [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    `--project=${tier}`,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportFile}`,
    ...(name === undefined ? [] : [`--testNamePattern=${name}`]),
    ...files,
  ];
  const child = spawn(join(programs, 'node'), args, {
    cwd: root,
    // kafkajs sets timers in the past; as an option of the environment, vitest's threads hear of it too.
    env: {
      ...env,
      PATH: [programs, env['PATH']].join(delimiter),
      NODE_OPTIONS: `${env['NODE_OPTIONS'] ?? ''} --disable-warning=TimeoutNegativeWarning`,
    },
    stdio: 'inherit',
  });
  const end = () => child.kill('SIGTERM');
  const deadline = setTimeout(end, DEADLINE_MS);
  signal.addEventListener('abort', end, { once: true });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  clearTimeout(deadline);
  signal.removeEventListener('abort', end);
  return readOutcome(tier, readReport(reportFile), code === 0);
}

function readReport(file: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    return undefined; // vitest did not come so far; its exit code and words say why.
  }
}
