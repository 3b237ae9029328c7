/** Compiles services and libraries into dist/, from scratch: a file that was deleted must not live on there. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
rmSync(join(root, 'dist'), { recursive: true, force: true });
const compiler = join(root, 'node_modules', '.bin', 'tsc');
const { status, error } = spawnSync(compiler, ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
if (error) console.error(`The compiler did not start (${error.message}): run npm ci first.`);
process.exitCode = status ?? 1;
