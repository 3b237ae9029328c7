import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { event, type Event, isOfUnknownType, type SessionEvent, topics } from '#libs/contracts';
import type { KafkaRecord, RecordBatch } from '#libs/kafka';
import { toEventDeliveries } from '../audience/event-deliveries.ts';
import { RouteTable } from '../audience/route-table.store.ts';
import { SessionVersions } from '../audience/session-versions.ts';
import { DeliveryMetrics } from './delivery-metrics.ts';
import { holdAgainst, readJson } from './read-record.ts';
import { Screens } from './screens.ts';

/** Transitions and statuses → screens and the route table. What is older than what was shown is not shown again. */
@Controller()
export class EventConsumer {
  readonly #screens: Screens;
  readonly #routes: RouteTable;
  readonly #versions: SessionVersions;
  readonly #metrics: DeliveryMetrics;

  constructor(screens: Screens, routes: RouteTable, versions: SessionVersions, metrics: DeliveryMetrics) {
    this.#screens = screens;
    this.#routes = routes;
    this.#versions = versions;
    this.#metrics = metrics;
  }

  @EventPattern<string>(topics.events.name)
  async deliver(@Payload() { records, signal }: RecordBatch): Promise<void> {
    const events = records.flatMap((record, index) => this.#read(record, index) ?? []);
    const news = this.#versions.selectNews(events.filter(isTransition));
    const isShown = new Set<Event>(news);
    const shown = events.filter((entry) => !isTransition(entry) || isShown.has(entry));
    this.#metrics.staleEvents(events.length - shown.length);
    await this.#screens.push(shown.flatMap(toEventDeliveries), signal);
    await this.#routes.write(news);
    // Last: a batch that failed on the way is handled again as a whole.
    this.#versions.remember(news);
  }

  /**
   * Undefined for a type that only a newer router can show: an upgrade has reached session first. Were it a transition, the
   * clients would find its version in their heads and fetch the session.
   */
  #read(record: KafkaRecord, index: number): Event | undefined {
    const value = readJson(record, index);
    if (!isOfUnknownType(value)) return holdAgainst<Event>(event, value, index);
    this.#metrics.unknownEvent();
    return undefined;
  }
}

function isTransition(entry: Event): entry is SessionEvent {
  return 'version' in entry;
}
