import { NestFactory } from '@nestjs/core';
import { Agent } from 'undici';
import { failpointNames, type RouterConfig } from '#libs/config';
import { type ConsumerGroup, consumerGroups } from '#libs/contracts';
import { connectKafka, createKafka, KafkaBatchStrategy } from '#libs/kafka';
import { type Crash, createMetrics, Failpoints, type Logger, Readiness, startOpsServer } from '#libs/observability';
import { RedisLink } from '#libs/redis';
import { Replicas, SessionClient } from '#libs/session-client';
import { AppModule } from './app.module.ts';
import { AskSessionForNotes } from './audience/ask-notes.ts';
import { createAskRoutes } from './audience/ask-routes.ts';
import { RouteTable } from './audience/route-table.store.ts';
import { DeliveryMetrics } from './delivery/delivery-metrics.ts';
import { RedisScreens } from './delivery/redis-screens.adapter.ts';

const groups = ['router.messages', 'router.events', 'router.signals'] as const satisfies ConsumerGroup[];
const CONNECT_DEADLINE_MS = 1_000;

export interface RunningRouter {
  /** Consumers first, then what they push through; what was not finished comes again to another replica. */
  close(): Promise<void>;
}

/** Starts the consumers and the operations port; resolves when all three groups are joined. */
export async function startRouter(config: RouterConfig, log: Logger, crash: Crash): Promise<RunningRouter> {
  const metrics = createMetrics({ service: 'router' });
  const readiness = new Readiness();
  const { ops_host: host, ops_port: port, session_deadline_ms: deadline_ms, drain_ms } = config.router;
  const ops = await startOpsServer({ host, port, metrics, readiness, log });
  const link = new RedisLink(config.redis.url, log, { listens: false });
  const deliveryMetrics = new DeliveryMetrics(metrics);
  const screens = new RedisScreens(link, deliveryMetrics, log);
  const dispatcher = new Agent({ connect: { timeout: CONNECT_DEADLINE_MS } });
  const { session_urls, service_token } = config;
  const replicas = new Replicas(session_urls);
  const session = new SessionClient({ replicas, dispatcher, service_token, deadline_ms, log });
  const routes = new RouteTable(link.client, createAskRoutes(session));
  const module = AppModule.forRouter({
    screens,
    routes,
    notes: new AskSessionForNotes(session),
    metrics: deliveryMetrics,
    failpoints: new Failpoints(config.failpoints, failpointNames.router),
  });
  const app = await NestFactory.create(module, { logger: false, abortOnError: false, bodyParser: false });
  const { brokers, client_id, ssl, sasl, session_timeout_ms, heartbeat_ms } = config.kafka;
  const kafka = createKafka({ brokers, clientId: client_id, ssl, sasl, log });
  for (const groupId of groups) {
    const strategy = new KafkaBatchStrategy({
      kafka,
      groupId,
      topic: consumerGroups[groupId],
      sessionTimeoutMs: session_timeout_ms,
      heartbeatMs: heartbeat_ms,
      drainDeadlineMs: drain_ms,
      onCrash: crash,
      metrics,
      log,
    });
    connectKafka(app, strategy);
    readiness.register(groupId, () => strategy.consumer.checkHealth());
  }
  readiness.register('redis', () => {
    if (!link.isUp) throw new Error('Redis is away');
  });
  await app.startAllMicroservices();
  log.info({ ops_port: ops.port }, 'router is up');
  return {
    async close() {
      readiness.startDraining();
      screens.startDraining();
      await app.close();
      await screens.close();
      await dispatcher.close();
      link.close();
      await ops.close();
    },
  };
}
