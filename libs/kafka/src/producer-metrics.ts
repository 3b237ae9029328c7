import type { Meter } from './ports.ts';

const BATCH_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

/** What a producer tells of itself. */
export class ProducerMetrics {
  readonly #queued;
  readonly #inFlight;
  readonly #batch;
  readonly #seconds;
  readonly #failures;

  constructor(meter: Meter) {
    this.#queued = meter.gauge({
      name: 'seqdesk_kafka_producer_queued_records',
      help: 'Records that wait for a request.',
    });
    this.#inFlight = meter.gauge({
      name: 'seqdesk_kafka_producer_in_flight_records',
      help: 'Records in the request that is under way.',
    });
    this.#batch = meter.histogram({
      name: 'seqdesk_kafka_producer_batch_records',
      help: 'Records a request.',
      buckets: BATCH_BUCKETS,
    });
    this.#seconds = meter.histogram({
      name: 'seqdesk_kafka_producer_request_seconds',
      help: 'From the first attempt of a request to its ack.',
    });
    this.#failures = meter.counter({
      name: 'seqdesk_kafka_producer_failures_total',
      help: 'Attempts of requests that were not acked, by error.',
      labels: ['code'],
    });
  }

  waiting(queued: number, inFlight: number): void {
    this.#queued.set({}, queued);
    this.#inFlight.set({}, inFlight);
  }

  sent(records: number, seconds: number): void {
    this.#batch.observe({}, records);
    this.#seconds.observe({}, seconds);
  }

  failed(code: string): void {
    this.#failures.inc({ code });
  }
}
