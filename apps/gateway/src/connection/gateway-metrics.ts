import type { Connection } from './connection.ts';
import type { Metrics } from '#libs/observability';

/** What operators see of gateway. */
export class GatewayMetrics {
  readonly #connections;
  readonly #handshakes;
  readonly #events;
  readonly #ackSeconds;
  readonly #deliveries;
  readonly #writes;
  readonly #slowReaders;
  readonly #dropped;
  readonly #heads;
  readonly #signalsLost;
  readonly #apiCalls;
  readonly #apiSeconds;

  constructor(metrics: Metrics) {
    this.#connections = metrics.gauge({
      name: 'seqdesk_gateway_connections',
      help: 'Open sockets that have signed in.',
      labels: ['kind', 'codec'],
    });
    this.#handshakes = metrics.counter({
      name: 'seqdesk_gateway_handshakes_total',
      help: 'Handshakes, by how they ended.',
      labels: ['outcome'],
    });
    this.#events = metrics.counter({
      name: 'seqdesk_gateway_events_total',
      help: "Clients' events, by how they were answered.",
      labels: ['event', 'outcome'],
    });
    this.#ackSeconds = metrics.histogram({
      name: 'seqdesk_gateway_send_ack_seconds',
      help: 'From the receipt of message:send to its acknowledgement.',
    });
    this.#deliveries = metrics.counter({
      name: 'seqdesk_gateway_deliveries_total',
      help: 'Deliveries from router, whether or not they concern anybody here.',
    });
    this.#writes = metrics.counter({
      name: 'seqdesk_gateway_pushed_frames_total',
      help: 'Frames pushed to sockets.',
    });
    this.#slowReaders = metrics.counter({
      name: 'seqdesk_gateway_slow_readers_cut_total',
      help: 'Sockets cut because they read too slowly.',
    });
    this.#dropped = metrics.counter({
      name: 'seqdesk_gateway_deliveries_dropped_total',
      help: 'Deliveries dropped because too many waited; clients are told their heads after it.',
    });
    this.#heads = metrics.counter({
      name: 'seqdesk_gateway_heads_total',
      help: 'Heads told to sockets, or not to be had in time.',
      labels: ['outcome'],
    });
    this.#signalsLost = metrics.counter({
      name: 'seqdesk_gateway_signals_lost_total',
      help: 'Signals (typing, presence) that were dropped.',
    });
    this.#apiCalls = metrics.counter({
      name: 'seqdesk_gateway_api_calls_total',
      help: 'REST calls passed on to session, by the class of their status.',
      labels: ['status'],
    });
    this.#apiSeconds = metrics.histogram({
      name: 'seqdesk_gateway_api_call_seconds',
      help: "From a REST call's receipt to the head of its answer, long polls included.",
    });
  }

  opened({ person, isBinary }: Connection): void {
    this.#handshakes.inc({ outcome: 'ok' });
    this.#connections.inc({ kind: person.kind, codec: codecOf(isBinary) });
  }

  closed({ person, isBinary }: Connection): void {
    this.#connections.dec({ kind: person.kind, codec: codecOf(isBinary) });
  }

  refused(code: string): void {
    this.#handshakes.inc({ outcome: code });
  }

  /** `event` is one of ours, or `unknown`: a client must not make up labels. */
  answered(event: string, outcome: string): void {
    this.#events.inc({ event, outcome });
  }

  acked(seconds: number): void {
    this.#ackSeconds.observe(seconds);
  }

  delivered(count: number): void {
    this.#deliveries.inc(count);
  }

  pushed(frames: number): void {
    this.#writes.inc(frames);
  }

  slowReaderCut(): void {
    this.#slowReaders.inc();
  }

  dropped(count: number): void {
    this.#dropped.inc(count);
  }

  headsTold(outcome: 'told' | 'unavailable', count: number): void {
    this.#heads.inc({ outcome }, count);
  }

  signalLost(): void {
    this.#signalsLost.inc();
  }

  apiCall(status: number, seconds: number): void {
    this.#apiCalls.inc({ status: `${Math.floor(status / 100)}xx` });
    this.#apiSeconds.observe(seconds);
  }
}

function codecOf(isBinary: boolean): string {
  return isBinary ? 'binary' : 'json';
}
