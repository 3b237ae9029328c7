import type { ServerResponse } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { NestFactory } from '@nestjs/core';
import helmet from 'helmet';
import type { SessionConfig } from '#libs/config';
import { topics } from '#libs/contracts';
import { OrderedProducer, createKafka } from '#libs/kafka';
import { type Crash, createMetrics, type Logger, Readiness, startOpsServer } from '#libs/observability';
import { RedisLink } from '#libs/redis';
import { AppModule } from './app.module.ts';
import { buildParts } from './build-parts.ts';
import { createDataSource, openDataSource } from './database/data-source.ts';
import { createWriter } from './log/writer.ts';

const BODY_LIMIT = '128kb';
const PREFIX = 'api/v1';
/** So long requests that are under way may take when the replica stops; the gateway asks another one then. */
const REQUESTS_GRACE_MS = 3_000;

export interface RunningSession {
  /** Requests and the writer first, then what they stand on; what was not finished comes again to another replica. */
  close(): Promise<void>;
}

/** Starts the roles of this replica and the operations port; resolves when all of it works. */
export async function startSession(config: SessionConfig, log: Logger, crash: Crash): Promise<RunningSession> {
  const { host, port, ops_host, ops_port, roles } = config.session;
  const metrics = createMetrics({ service: 'session' });
  const readiness = new Readiness();
  const state = { isUp: false, isDraining: false };
  // Ready means started. Later outages don't take it out of service: without Kafka there is still history to be read, and
  // every other replica would be gone at the same moment.
  readiness.register('start', () => {
    if (!state.isUp) throw new Error('not started yet');
  });
  const ops = await startOpsServer({ host: ops_host, port: ops_port, metrics, readiness, log });
  const { brokers, client_id, ssl, sasl } = config.kafka;
  const kafka = createKafka({ brokers, clientId: client_id, ssl, sasl, log });
  const producer = new OrderedProducer({ kafka, log, metrics });
  const dataSource = createDataSource(config.mysql);
  await Promise.all([openDataSource(dataSource, log), producer.connect(Object.values(topics).map(({ name }) => name))]);
  const link = new RedisLink(config.redis.url, log, { listens: false });
  const parts = await buildParts(config, { dataSource, producer, kafka, link, log });
  const writer = roles.includes('log')
    ? createWriter(config, { ...parts, kafka, producer, metrics, crash })
    : undefined;

  const module = AppModule.forSession({ ...parts, appendBatch: writer?.appendBatch });
  const app = await NestFactory.create<NestExpressApplication>(module, { logger: false, abortOnError: false });
  // The gateway in front tells the client's address; nobody else reaches this port.
  app.set('trust proxy', 1);
  app.use(helmet());
  app.use((_request: unknown, response: ServerResponse, next: () => void) => {
    // Connections that are kept busy would never end otherwise.
    if (state.isDraining) response.setHeader('connection', 'close');
    next();
  });
  app.useBodyParser('json', { limit: BODY_LIMIT });
  app.setGlobalPrefix(PREFIX, { exclude: ['internal/{*path}'] });
  writer?.connect(app);

  await app.init();
  if (roles.includes('jobs')) {
    for (const job of parts.jobs) job.start();
  }
  // Late: until this replica joins the group somebody else writes, and then words wait for whatever else it is busy with.
  await writer?.warmUp();
  await app.startAllMicroservices();
  if (roles.includes('api')) await app.listen(port, host);
  writer?.startWatching();
  state.isUp = true;
  log.info({ port, ops_port: ops.port, roles }, 'session is up');
  return {
    async close() {
      readiness.startDraining();
      state.isDraining = true;
      setTimeout(() => app.getHttpServer().closeAllConnections(), REQUESTS_GRACE_MS).unref();
      writer?.stopWatching();
      parts.newMessages.close();
      await app.close();
      for (const job of parts.jobs.toReversed()) await job.stop();
      link.close();
      await producer.close();
      await writer?.disconnect();
      await dataSource.destroy();
      await ops.close();
    },
  };
}
