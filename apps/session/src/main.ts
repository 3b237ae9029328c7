import 'reflect-metadata';
import { loadConfigOrExit, sessionConfig } from '#libs/config';
import { createLogger, handleCrashes } from '#libs/observability';
import { type RunningSession, startSession } from './start-session.ts';

// Requests and the writer keep to drain_ms themselves; what is closed after them takes no longer than this.
const CLOSING_SLACK_MS = 2_000;

const config = loadConfigOrExit(sessionConfig);
const log = createLogger({ service: 'session', level: config.log.level });
const crash = handleCrashes({ log });

startSession(config, log, crash).then((session) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void drain(session, signal));
}, crash);

async function drain(session: RunningSession, signal: string): Promise<void> {
  log.info({ signal }, 'draining');
  const limit = config.session.drain_ms + CLOSING_SLACK_MS;
  setTimeout(crash, limit, new Error(`not drained within ${limit} ms`)).unref();
  await session.close();
  process.exit(0);
}
