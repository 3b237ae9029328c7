import type { Delivery } from '#libs/contracts';
import type { Metrics } from '#libs/observability';
import type { HeadsReason } from './screens.ts';

/** What operators see of router: how much it pushes, how fast, and what it could not push. */
export class DeliveryMetrics {
  readonly #metrics: Metrics;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** One publish got through. */
  pushed(batch: readonly Delivery[], gateways: number, seconds: number): void {
    const deliveries = this.#metrics.counter({
      name: 'seqdesk_router_deliveries_total',
      help: 'Deliveries handed to the gateways, by socket event.',
      labels: ['event'],
    });
    for (const { event } of batch) deliveries.inc({ event });
    this.#metrics.counter({ name: 'seqdesk_router_batches_total', help: 'Batches handed to the gateways.' }).inc();
    this.#metrics
      .histogram({ name: 'seqdesk_router_push_seconds', help: 'Time until Redis has taken a batch.' })
      .observe(seconds);
    this.#metrics.gauge({ name: 'seqdesk_router_gateways', help: 'Gateways that heard the last batch.' }).set(gateways);
  }

  /** A batch has to be pushed again: Redis is away. */
  retried(): void {
    this.#metrics
      .counter({ name: 'seqdesk_router_push_retries_total', help: 'Pushes that failed and are repeated.' })
      .inc();
  }

  /** From a message's send_time to Redis' answer; clocks of two machines take part. */
  messageAge(seconds: number): void {
    this.#metrics
      .histogram({
        name: 'seqdesk_router_message_age_seconds',
        help: 'Age of a message, from its send_time, when it has been pushed.',
      })
      .observe(Math.max(0, seconds));
  }

  headsRequested(reason: HeadsReason): void {
    this.#metrics
      .counter({
        name: 'seqdesk_router_heads_requests_total',
        help: 'Requests to the gateways to send everybody their heads.',
        labels: ['reason'],
      })
      .inc({ reason });
  }

  /** Events that came again or too late. */
  staleEvents(count: number): void {
    this.#metrics
      .counter({ name: 'seqdesk_router_events_stale_total', help: 'Events ignored: the session was newer already.' })
      .inc(count);
  }

  /** An event of a type that a newer version tells. */
  unknownEvent(): void {
    this.#metrics
      .counter({ name: 'seqdesk_router_events_unknown_total', help: 'Events skipped: their type is not known here.' })
      .inc();
  }

  signalsDropped(reason: 'invalid' | 'late' | 'no_route' | 'no_redis', count: number): void {
    if (count === 0) return;
    this.#metrics
      .counter({
        name: 'seqdesk_router_signals_dropped_total',
        help: 'Signals that were not passed on.',
        labels: ['reason'],
      })
      .inc({ reason }, count);
  }
}
