/** `npm test`: makes the work tree ready, then hands over to scripts/instance/test.ts on the locked Node. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildIfStale, installPackages, lockedNode, requireNode, root } from './set-up.mjs';
import { readTestOptions } from './test-options.mjs';

requireNode();
const options = readTestOptions(process.argv.slice(2));
installPackages();
// Only these two run the compiled services; the others run the sources.
if (options.tiers.includes('e2e') || options.tiers.includes('cluster')) buildIfStale();

const child = spawn(
  lockedNode,
  [
    '--conditions=source',
    '--disable-warning=TimeoutNegativeWarning',
    join(root, 'scripts', 'instance', 'test.ts'),
    JSON.stringify(options),
  ],
  { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] },
);
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(name, () => child.connected && child.send({ stop: name }));
}
child.on('exit', (code) => process.exit(code ?? 1));
