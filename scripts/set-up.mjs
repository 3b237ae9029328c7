/**
 * Makes a work tree ready to run: packages as locked, dist as the sources are.
 * Plain JavaScript on nothing but Node's own modules: it runs on Node 20 and before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..');

/** The Node that is locked among the packages; there after `installPackages`. */
export const lockedNode = join(root, 'node_modules', '.bin', 'node');

const OLDEST_NODE = 20;

/** Ends the process with a word when this Node is older than the scripts can be. */
export function requireNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= OLDEST_NODE) return;
  console.error(`Node ${process.versions.node} is too old: install Node ${OLDEST_NODE} or newer.`);
  process.exit(1);
}

/** `npm ci`, unless node_modules holds what the lock names. Ends the process when it fails. */
export function installPackages() {
  if (!arePackagesStale()) return;
  console.log('Installing the npm packages (npm ci).');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], 'npm ci failed: see its words above.');
}

/** Compiles when a source is newer than the last whole build. Ends the process when it fails. */
export function buildIfStale() {
  if (!isBuildStale()) return;
  console.log('Building.');
  run(process.execPath, [join('tools', 'build.mjs')], 'The build failed: see the errors above.');
}

function run(command, args, failure) {
  const { status, error, signal } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status === 0) return;
  if (signal === null) console.error(error ? `${failure} (${error.message})` : failure);
  process.exit(status || 1);
}

/** npm writes what it has installed into a lock of its own; optional packages may be missing there. */
function arePackagesStale() {
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  const locked = readPackages(join(root, 'package-lock.json'));
  return Object.entries(locked).some(([path, { version, optional }]) => {
    if (path === '' || (optional && !installed[path])) return false;
    return installed[path]?.version !== version;
  });
}

function readPackages(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : {};
}

function isBuildStale() {
  const mark = join(root, 'dist', '.built');
  if (!existsSync(mark)) return true;
  const built = statSync(mark).mtimeMs;
  const files = ['package-lock.json', 'tsconfig.base.json', 'tsconfig.build.json'].map((file) => join(root, file));
  return [...files, ...listSources('apps'), ...listSources('libs')].some((path) => statSync(path).mtimeMs > built);
}

/** Folders too: theirs is the time at which a file was removed. */
function listSources(house) {
  return readdirSync(join(root, house)).flatMap((room) => listFolder(join(root, house, room, 'src')));
}

function listFolder(folder) {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true }).filter((name) => !name.endsWith('.spec.ts'));
  return [folder, ...names.map((name) => join(folder, name))];
}
