/**
 * `npm start`: makes the work tree ready, then hands over to scripts/instance/start.ts on the locked Node.
 * This process stays as its parent: it passes signals on and gives its exit code back.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { readStartOptions } from './start-options.mjs';
import { buildIfStale, installPackages, lockedNode, requireNode, root } from './set-up.mjs';

requireNode();
const options = readStartOptions(process.argv.slice(2));
installPackages();
buildIfStale();

// The channel tells the child when this process is gone, even by kill -9: it then stops as on Ctrl-C.
const child = spawn(
  lockedNode,
  [
    '--conditions=source',
    '--disable-warning=TimeoutNegativeWarning',
    join(root, 'scripts', 'instance', 'start.ts'),
    JSON.stringify(options),
  ],
  { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] },
);
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  // The terminal sends Ctrl-C to the child as well; told through the channel, both count once.
  process.on(name, () => child.connected && child.send({ stop: name }));
}
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
