import { randomUUID } from 'node:crypto';
import { Agent } from 'undici';
import { failpointNames, type GatewayConfig } from '#libs/config';
import { topics } from '#libs/contracts';
import { createKafka, OrderedProducer } from '#libs/kafka';
import { Failpoints, type Logger, type Metrics } from '#libs/observability';
import { RedisLink } from '#libs/redis';
import { Replicas, SessionClient } from '#libs/session-client';
import { AddressLimits } from './connection/address-limits.ts';
import { BatchedQuestions } from './connection/batched-questions.ts';
import { TrustedProxies } from './connection/client-address.ts';
import type { Connection } from './connection/connection.ts';
import { Connections } from './connection/connections.ts';
import { Door } from './connection/door.ts';
import { GatewayMetrics } from './connection/gateway-metrics.ts';
import { HeadsTeller } from './connection/heads.ts';
import { IdleWatch } from './connection/idle-watch.ts';
import { Presence } from './connection/presence.ts';
import { RedisPresenceLeases } from './connection/redis-presence-leases.adapter.ts';
import { Rooms } from './connection/rooms.ts';
import { SigningKeys } from './connection/signing-keys.ts';
import { SlowReaderGuard } from './connection/slow-reader-guard.ts';
import { ApiLimits } from './proxy/api-limits.ts';
import { ApiProxy } from './proxy/api-proxy.client.ts';
import { Pusher } from './pushing/pusher.ts';
import { clientEvents } from './sending/client-events.ts';
import { Dispatcher } from './sending/dispatcher.ts';
import { MayWrite } from './sending/may-write.ts';
import { SendMessage } from './sending/send-message.ts';
import { Signals } from './sending/signals.ts';

const CONNECT_DEADLINE_MS = 1_000;
/** Clients wait 6 s for an acknowledgement: they should hear an honest "not now" before they give up. */
const ACK_DEADLINE_MS = 4_000;
const MOST_QUEUED_RECORDS = 10_000;
const ROUTES_A_QUESTION = 300;
const ROUTE_LINGER_MS = 2;
const QUESTIONS_AT_ONCE = 4;

export type GatewayParts = ReturnType<typeof buildParts>;

/** Makes everything that stands behind the sockets and the proxy. Nothing is awaited, no engine has to be there. */
export function buildParts(config: GatewayConfig, log: Logger, metrics: Metrics) {
  const gatewayMetrics = new GatewayMetrics(metrics);
  const dispatcher = new Agent({ connect: { timeout: CONNECT_DEADLINE_MS } });
  const replicas = new Replicas(config.session_urls);
  const { service_token, gateway } = config;
  const session = new SessionClient({
    replicas,
    dispatcher,
    service_token,
    deadline_ms: gateway.session_deadline_ms,
    log,
  });
  const engines = buildEngines(config, log, metrics);
  const rooms = new Rooms<Connection>();
  const connections = new Connections(rooms, gateway.heads_seconds);
  const heads = new HeadsTeller({
    ask: (question) => session.heads(question),
    noteConnected: (agent_ids) => session.connected({ agent_ids: [...agent_ids] }),
    connections,
    metrics: gatewayMetrics,
  });
  const trusted = new TrustedProxies(gateway.trusted_proxies);
  const keys = new SigningKeys(() => session.keys());
  const addressLimits = new AddressLimits(gateway.limits);
  return {
    ...engines,
    ...buildSending({ config, log, session, connections, engines, metrics: gatewayMetrics }),
    metrics: gatewayMetrics,
    dispatcher,
    replicas,
    session,
    connections,
    heads,
    keys,
    addressLimits,
    door: new Door({
      keys,
      limits: addressLimits,
      trusted,
      allowed_origins: gateway.allowed_origins,
      metrics: gatewayMetrics,
      log,
    }),
    guard: new SlowReaderGuard({ slow_reader_bytes: gateway.slow_reader_bytes, metrics: gatewayMetrics }),
    pusher: new Pusher({
      rooms,
      metrics: gatewayMetrics,
      onLoss: () => void heads.tellAll(),
    }),
    proxy: new ApiProxy({
      replicas,
      dispatcher,
      limits: new ApiLimits(gateway.limits.api_calls_per_second_per_address),
      trusted,
      metrics: gatewayMetrics,
      log,
    }),
  };
}

function buildEngines(config: GatewayConfig, log: Logger, metrics: Metrics) {
  const { brokers, client_id, ssl, sasl } = config.kafka;
  const kafka = createKafka({ brokers, clientId: client_id, ssl, sasl, log });
  const producer = new OrderedProducer({
    kafka,
    log,
    metrics,
    deadlineMs: ACK_DEADLINE_MS,
    maxQueuedRecords: MOST_QUEUED_RECORDS,
  });
  return { producer, link: new RedisLink(config.redis.url, log) };
}

interface SendingNeeds {
  readonly config: GatewayConfig;
  readonly log: Logger;
  readonly session: SessionClient;
  readonly connections: Connections;
  readonly engines: ReturnType<typeof buildEngines>;
  readonly metrics: GatewayMetrics;
}

function buildSending({ config, log, session, connections, engines, metrics }: SendingNeeds) {
  const { producer, link } = engines;
  const signals = new Signals(
    (key, signal) => producer.send(topics.signals.name, { key, value: JSON.stringify(signal) }),
    () => metrics.signalLost(),
  );
  const presence = new Presence(new RedisPresenceLeases(link.client, randomUUID()), (signal) => signals.send(signal));
  const routes = new BatchedQuestions({
    ask: async (ids) => new Map(Object.entries(await session.routes(ids as Parameters<typeof session.routes>[0]))),
    linger_ms: ROUTE_LINGER_MS,
    keys_a_question: ROUTES_A_QUESTION,
    at_once: QUESTIONS_AT_ONCE,
  });
  const mayWrite = new MayWrite((session_id) => routes.get(session_id));
  const sendMessage = new SendMessage({
    mayWrite,
    check: (question) => session.checkMessage(question),
    produce: (record) => producer.send(topics.inbound.name, record),
    failpoints: new Failpoints(config.failpoints, failpointNames.gateway),
  });
  const idle = new IdleWatch({
    idle_ms: config.gateway.idle_seconds * 1_000,
    onAgent: ({ person }, state) => {
      if (person.kind === 'agent') presence[state](person);
    },
  });
  const handlers = clientEvents({
    sendMessage,
    mayWrite,
    signals,
    connections,
    read: (question) => session.read(question),
    setStatus: async (question) => {
      await session.agentStatus(question);
      presence.chose(question.agent_id, question.status);
    },
  });
  const { messages_per_second: rate, burst } = config.gateway.limits;
  const events = new Dispatcher({
    handlers,
    limit: { rate, burst },
    metrics,
    noteSign: (connection, time) => idle.noteSign(connection, time),
    log,
  });
  return { signals, presence, mayWrite, idle, events };
}
