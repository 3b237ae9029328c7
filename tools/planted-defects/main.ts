/**
 * Shows that the fault tests can fail: plants one defect after the other into a copy of the last commit and runs the test
 * that must notice it. `node --conditions=source tools/planted-defects/main.ts [part of a defect or of a test's name]`
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Defect, defects } from './defects.ts';

const root = join(import.meta.dirname, '..', '..');
const wanted = process.argv[2] ?? '';
const copy = join(mkdtempSync(join(tmpdir(), 'seqdesk-defects-')), 'copy');
const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();

git('worktree', 'add', '--detach', copy, 'HEAD');
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
let unnoticed = 0;
try {
  for (const defect of defects) {
    if (!`${defect.what}: ${defect.name}`.includes(wanted)) continue;
    const isNoticed = tryOut(defect);
    if (!isNoticed) unnoticed += 1;
    console.log(`${isNoticed ? 'noticed  ' : 'UNNOTICED'} ${defect.what} — "${defect.name}"`);
  }
} finally {
  git('worktree', 'remove', '--force', copy);
  rmSync(join(copy, '..'), { recursive: true, force: true });
}
process.exitCode = unnoticed === 0 ? 0 : 1;

/** Whether the test fails with the defect in. */
function tryOut({ file, find, replace, project, test, name }: Defect): boolean {
  const path = join(copy, file);
  const text = readFileSync(path, 'utf8');
  if (!text.includes(find)) throw new Error(`${file} has no such place any more: ${find}`);
  writeFileSync(
    path,
    text.replace(find, () => replace),
  );
  try {
    const args = ['scripts/test.mjs', '--tier', project, '--name', name, test];
    const { stdout, stderr } = spawnSync('node', args, { cwd: copy, encoding: 'utf8', maxBuffer: 2 ** 28 });
    const total = /^(\d+) passed, (\d+) failed/m.exec(stdout);
    if (!total || Number(total[1]) + Number(total[2]) === 0) {
      throw new Error(`the test did not run:\n${stdout.slice(-2_000)}${stderr.slice(-2_000)}`);
    }
    return Number(total[2]) > 0;
  } finally {
    writeFileSync(path, text);
  }
}
