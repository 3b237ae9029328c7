/**
 * What must hold before a commit, in less than a minute on two cores: `npm run check`, or some steps by their names.
 * Runs on plain Node so that it can say in its own words that nothing is installed yet.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const programs = join(root, 'node_modules', '.bin');

/** Slowest first: the machine is then never left waiting for one that began last. */
const steps = {
  unit: ['vitest', 'run', '--project', 'unit'],
  lint: ['oxlint', '--type-aware'],
  types: ['tsc', '-p', 'tsconfig.json'],
  knip: ['knip', '--no-progress'],
  format: ['prettier', '--check', '--log-level', 'warn', '.'],
  house: ['depcruise', '--config', '.dependency-cruiser.mjs', ...houses()],
  generated: ['node', '--conditions=source', 'tools/generate.ts', '--check'],
};

// Two at a time: most of the steps fill a core, and the type-aware ones hundreds of megabytes.
const AT_ONCE = Math.min(2, availableParallelism());
const STEP_DEADLINE_MS = 300_000;

if (!existsSync(programs)) {
  console.error('Nothing is installed yet: run npm ci first.');
  process.exit(1);
}
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in steps));
if (unknown.length > 0) {
  console.error(`No such step: ${unknown.join(', ')}. There are ${Object.keys(steps).join(', ')}.`);
  process.exit(1);
}

const begun = performance.now();
const waiting = Object.entries(steps).filter(([name]) => wanted.length === 0 || wanted.includes(name));
const failed = [];
await Promise.all(Array.from({ length: AT_ONCE }, () => work()));
for (const { name, output } of failed) console.error(`\n--- ${name} ---\n${output.trimEnd()}`);
const verdict = failed.length === 0 ? 'all is well' : `failed: ${failed.map(({ name }) => name).join(', ')}`;
console.log(`\ncheck: ${verdict} (${seconds(begun)})`);
process.exitCode = failed.length === 0 ? 0 : 1;

async function work() {
  for (let step = waiting.shift(); step; step = waiting.shift()) {
    const [name, command] = step;
    const start = performance.now();
    const { ok, output } = await run(command);
    console.log(`${ok ? 'ok    ' : 'FAILED'} ${name.padEnd(10)} ${seconds(start)}`);
    if (!ok) failed.push({ name, output });
  }
}

function run([program, ...args]) {
  return new Promise((resolve) => {
    // The installed Node comes first on the path: the system's may be an older one that can't run TypeScript.
    const env = { ...process.env, PATH: `${programs}${delimiter}${process.env.PATH}`, NO_COLOR: '1' };
    const child = spawn(join(programs, program), args, { cwd: root, env, timeout: STEP_DEADLINE_MS });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    }
    child.on('error', (error) => resolve({ ok: false, output: `${program} did not start: ${error.message}` }));
    child.on('close', (code, signal) => {
      const end = signal ? `\nended by ${signal} (deadline ${STEP_DEADLINE_MS / 1000} s)` : '';
      resolve({ ok: code === 0, output: output + end });
    });
  });
}

function houses() {
  return ['apps', 'libs', 'scripts', 'tools', 'tests', 'load-tests'].filter((house) => existsSync(join(root, house)));
}

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
