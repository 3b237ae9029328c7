import 'reflect-metadata';
import { gatewayConfig, loadConfigOrExit } from '#libs/config';
import { createLogger, handleCrashes } from '#libs/observability';
import { type RunningGateway, startGateway } from './start-gateway.ts';

// What is closed after the connections takes no longer than this.
const CLOSING_SLACK_MS = 7_000;

const config = loadConfigOrExit(gatewayConfig);
const log = createLogger({ service: 'gateway', level: config.log.level });
const crash = handleCrashes({ log });

startGateway(config, log).then((gateway) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void drain(gateway, signal));
}, crash);

async function drain(gateway: RunningGateway, signal: string): Promise<void> {
  log.info({ signal }, 'draining');
  const limit = config.gateway.drain_ms + CLOSING_SLACK_MS;
  setTimeout(crash, limit, new Error(`not drained within ${limit} ms`)).unref();
  await gateway.close();
  process.exit(0);
}
