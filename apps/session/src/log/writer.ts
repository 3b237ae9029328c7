import { setTimeout as delay } from 'node:timers/promises';
import type { INestApplication } from '@nestjs/common';
import type { SessionConfig } from '#libs/config';
import { consumerGroups, topics } from '#libs/contracts';
import {
  type BatchConsumer,
  connectKafka,
  fetchLowWatermark,
  GroupOffsets,
  type KafkaConnection,
  KafkaBatchStrategy,
  type OrderedProducer,
} from '#libs/kafka';
import type { Crash, Metrics } from '#libs/observability';
import type { InnerParts } from '../build-parts.ts';
import { AppendBatch } from './append-batch.ts';
import { LogPlace } from './log-place.ts';
import { MessageStore } from './message.store.ts';
import { PlaceStore } from './place.store.ts';
import { warmUp } from './warm-up.ts';

const GROUP = 'session.log';
const WATCH_MS = 1_000;

type WriterParts = InnerParts & {
  kafka: KafkaConnection;
  producer: OrderedProducer;
  metrics: Metrics;
  crash: Crash;
};

/** The writer with its consumer: everything of the role `log`. */
export interface Writer {
  appendBatch: AppendBatch;
  connect(app: INestApplication): void;
  /** Before it joins its group, while somebody else still writes: opens what the first batch would have to wait for. */
  warmUp(): Promise<void>;
  /** Looks each second whether the database went back, also while nothing comes in. */
  startWatching(): void;
  stopWatching(): void;
  disconnect(): Promise<void>;
}

export function createWriter(config: SessionConfig, parts: WriterParts): Writer {
  const { opening, producer, newMessages, failpoints, log, metrics } = parts;
  const messages = new MessageStore(config.mysql);
  const offsets = new GroupOffsets(parts.kafka, GROUP, topics.inbound.name);
  const places = new PlaceStore(parts.dataSource);
  const place = createPlace(parts, { messages, places, offsets, consumer: () => strategy.consumer });
  const appendBatch = new AppendBatch({
    store: messages,
    place,
    followUps: opening,
    publish: (records) => producer.sendMany(records),
    onStored: (session_ids) => newMessages.noticeStored(session_ids),
    onQueueRequested: () => parts.queueRequests.kick(),
    failpoints,
    log,
  });
  const { session_timeout_ms, heartbeat_ms } = config.kafka;
  const { batch, drain_ms } = config.session;
  const strategy = new KafkaBatchStrategy({
    kafka: parts.kafka,
    groupId: GROUP,
    topic: consumerGroups[GROUP],
    maxRecords: batch.max_records,
    commitIntervalMs: batch.store_offsets_ms,
    sessionTimeoutMs: session_timeout_ms,
    heartbeatMs: heartbeat_ms,
    drainDeadlineMs: drain_ms,
    beforeCommit: async (reached) => {
      await place.store(reached);
      failpoints.hit('log.before_offset_commit');
    },
    onAssigned: (assigned) => place.takeOver(assigned.map(({ partition }) => partition)),
    onRevoked: (revoked) => place.release(revoked.map(({ partition }) => partition)),
    onCrash: parts.crash,
    metrics,
    log,
  });
  const watching = new AbortController();
  return {
    appendBatch,
    connect: (app) => void connectKafka(app, strategy),
    warmUp: () => warmUp({ messages, places, offsets, log }),
    startWatching: () => void watch(appendBatch, watching.signal, log),
    stopWatching: () => watching.abort(),
    async disconnect() {
      messages.disconnect();
      await offsets.close();
    },
  };
}

/** The writer's place; the consumer is asked for late, as it is made of the place's hooks. */
function createPlace(
  { kafka, metrics, log }: WriterParts,
  given: { messages: MessageStore; places: PlaceStore; offsets: GroupOffsets; consumer: () => BatchConsumer },
): LogPlace {
  const { name } = topics.inbound;
  const rewinds = metrics.counter({
    name: 'seqdesk_session_rewinds_total',
    help: 'How often a partition was read again because the database had gone back.',
  });
  return new LogPlace({
    messages: given.messages,
    places: given.places,
    topic: {
      lowWatermark: (partition) => fetchLowWatermark(kafka, name, partition),
      committed: () => given.offsets.committed(),
      seek: (partition, offset) => given.consumer().seek(name, partition, offset),
    },
    onRewind: (positions) => rewinds.inc(positions.length),
    log,
  });
}

async function watch(appendBatch: AppendBatch, signal: AbortSignal, log: WriterParts['log']): Promise<void> {
  while (!signal.aborted) {
    await delay(WATCH_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      await appendBatch.watch();
    } catch (err) {
      log.debug({ err }, 'the stored places could not be looked at');
    }
  }
}
