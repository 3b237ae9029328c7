import 'reflect-metadata';
import { loadConfigOrExit, routerConfig } from '#libs/config';
import { createLogger, handleCrashes } from '#libs/observability';
import { type RunningRouter, startRouter } from './start-router.ts';

// Consumers keep to drain_ms themselves; what is closed after them takes no longer than this.
const CLOSING_SLACK_MS = 2_000;

const config = loadConfigOrExit(routerConfig);
const log = createLogger({ service: 'router', level: config.log.level });
const crash = handleCrashes({ log });

startRouter(config, log, crash).then((router) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void drain(router, signal));
}, crash);

async function drain(router: RunningRouter, signal: string): Promise<void> {
  log.info({ signal }, 'draining');
  const limit = config.router.drain_ms + CLOSING_SLACK_MS;
  setTimeout(crash, limit, new Error(`not drained within ${limit} ms`)).unref();
  await router.close();
  process.exit(0);
}
