/**
 * Starts and stops the gateway. Engines may be away at any time: it opens its doors at once, connects in the background,
 * and answers with retryable errors what it can't do yet.
 *
 * Ready means: Kafka has been reached and the tokens' keys are known. Later outages don't take it out of service: history
 * goes on without Kafka, and every other gateway would be gone at the same moment.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { GatewayConfig } from '#libs/config';
import type { OrderedProducer } from '#libs/kafka';
import { createMetrics, type Logger, Readiness, startOpsServer } from '#libs/observability';
import { AppModule } from './app.module.ts';
import { buildParts, type GatewayParts } from './build-parts.ts';
import { now } from './connection/clock.ts';
import { drainConnections } from './connection/drain.ts';
import { SocketAdapter, type SocketEdges } from './connection/socket.adapter.ts';
import { ProblemFilter } from './proxy/problem.filter.ts';
import { learnPresence } from './pushing/learn-presence.ts';
import { learnRoutes } from './pushing/learn-routes.ts';

export interface RunningGateway {
  /** Connections first, then what they stand on. */
  close(): Promise<void>;
}

const SWEEP_MS = 10_000;
const PROBE_MS = 2_000;
const KAFKA_PAUSE_MS = 1_000;
const IN_FLIGHT_MS = 5_000;

/** Resolves when clients can connect. @throws when a port can't be had. */
export async function startGateway(config: GatewayConfig, log: Logger): Promise<RunningGateway> {
  const metrics = createMetrics({ service: 'gateway' });
  const readiness = new Readiness();
  const { host, port, ops_host, ops_port } = config.gateway;
  const ops = await startOpsServer({ host: ops_host, port: ops_port, metrics, readiness, log });
  const parts = buildParts(config, log, metrics);
  const kafka = keepConnecting(parts.producer, log);
  readiness.register('kafka', () => requireThat(kafka.isConnected, 'Kafka has not been reached yet'));
  readiness.register('keys', () => requireThat(parts.keys.areKnown, "session's keys are not known yet"));
  const app = await createApp(config, log, parts);
  const stopTimers = startParts(parts);
  await app.listen(port, host);
  log.info({ url: await app.getUrl(), ops_port: ops.port }, 'gateway is up');
  return {
    async close() {
      readiness.startDraining();
      kafka.stop();
      const server = app.getHttpServer();
      // New connections are refused by the system, and go to another gateway; open ones are served to their end.
      server.close();
      await closeDoors(parts, config.gateway.drain_ms);
      stopTimers();
      const closed = app.close();
      server.closeAllConnections();
      await closed;
      await parts.producer.close();
      await parts.dispatcher.close();
      await ops.close();
      // Last: what the adapter still asked of an absent Redis fails now, and the process ends before anybody minds.
      parts.link.close();
    },
  };
}

async function createApp(config: GatewayConfig, log: Logger, parts: GatewayParts): Promise<NestExpressApplication> {
  const { max_payload_bytes, auth_deadline_ms, limits } = config.gateway;
  const module = AppModule.forGateway({ proxy: parts.proxy, problems: new ProblemFilter(log) });
  const app = await NestFactory.create<NestExpressApplication>(module, {
    logger: false,
    abortOnError: false,
    bodyParser: false,
  });
  app.disable('x-powered-by');
  const adapter = parts.link.createAdapter();
  app.useWebSocketAdapter(
    new SocketAdapter(app, edgesOf(parts, log), { adapter, max_payload_bytes, auth_deadline_ms, burst: limits.burst }),
  );
  return app;
}

function edgesOf(parts: GatewayParts, log: Logger): SocketEdges {
  const { door, guard, connections, heads, idle, presence, mayWrite, pusher, events, metrics, addressLimits } = parts;
  return {
    door,
    guard,
    wireOpened: (address) => addressLimits.opened(address, now()),
    wireClosed: (address) => addressLimits.closed(address),
    opened(connection) {
      // Rooms first: what is pushed while heads are asked for must not be missed.
      connections.add(connection);
      idle.add(connection);
      metrics.opened(connection);
      if (connection.person.kind === 'agent') presence.opened(connection.person);
      void heads.greet(connection);
    },
    closed(connection) {
      connections.remove(connection);
      idle.remove(connection);
      metrics.closed(connection);
      if (connection.person.kind === 'agent') presence.closed(connection.person);
    },
    event: (connection, args) => events.dispatch(connection, args),
    deliver(batch) {
      try {
        learnRoutes(batch, mayWrite, connections);
        learnPresence(batch, presence);
        pusher.push(batch);
      } catch (err) {
        // A router of another version must not end the process; heads show what was lost.
        log.error({ err }, 'a batch of deliveries could not be read');
      }
    },
    sendHeads: () => forgetAndTell(parts),
  };
}

/** Pushes may have been lost, and with them what they would have taught. */
function forgetAndTell({ mayWrite, heads }: GatewayParts): void {
  mayWrite.dropAll();
  void heads.tellAll();
}

function startParts(parts: GatewayParts): () => void {
  const { keys, heads, idle, presence, link, session, replicas, addressLimits } = parts;
  keys.start();
  heads.start();
  idle.start();
  presence.start();
  link.onSubscriberBack(() => forgetAndTell(parts));
  const sweep = setInterval(() => addressLimits.sweep(now()), SWEEP_MS);
  const probe = replicas.urls.length > 1 ? setInterval(() => void session.probe(), PROBE_MS) : undefined;
  return () => {
    clearInterval(sweep);
    clearInterval(probe);
    keys.stop();
    heads.stop();
    idle.stop();
    presence.stop();
  };
}

/** Nobody comes in any more; who is here is told, answered and let go; calls that are under way get a moment. */
async function closeDoors(parts: GatewayParts, drain_ms: number): Promise<void> {
  parts.door.close();
  parts.presence.startDraining();
  await drainConnections({ connections: parts.connections, drain_ms, random: Math.random });
  await parts.presence.finishDraining();
  const end = now() + IN_FLIGHT_MS;
  while (parts.events.underWay > 0 && now() < end) await delay(20);
  parts.proxy.close();
}

/** Tries for ever; each attempt has a deadline of its own and is logged. */
function keepConnecting(producer: OrderedProducer, log: Logger): { isConnected: boolean; stop(): void } {
  const state = { isConnected: false, isStopped: false, stop: () => void (state.isStopped = true) };
  const connect = async () => {
    while (!state.isStopped && !state.isConnected) {
      try {
        await producer.connect();
        state.isConnected = true;
        log.info({}, 'Kafka is reached');
      } catch (err) {
        log.error({ err }, 'Kafka can not be reached: sends get a retryable error until it can');
        await delay(KAFKA_PAUSE_MS);
      }
    }
  };
  void connect();
  return state;
}

function requireThat(is: boolean, otherwise: string): void {
  if (!is) throw new Error(otherwise);
}
