/**
 * Compiles apps and libs into dist/, from nothing, so that no file of a deleted source stays behind.
 * A type error fails the build. dist/.built marks a whole build; its time is that of the beginning.
 */
import { spawnSync } from 'node:child_process';
import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const begun = new Date();
rmSync(join(root, 'dist'), { recursive: true, force: true });
const { status, error } = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (error) console.error(`The compiler did not start (${error.message}): run npm ci first.`);
if (status !== 0) process.exit(status ?? 1);
const mark = join(root, 'dist', '.built');
writeFileSync(mark, '');
utimesSync(mark, begun, begun);
