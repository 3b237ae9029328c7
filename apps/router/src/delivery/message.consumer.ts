import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { topics } from '#libs/contracts';
import type { RecordBatch } from '#libs/kafka';
import { Failpoints } from '#libs/observability';
import { findSendTime, highestEpoch, toMessageDelivery } from '../audience/message-delivery.ts';
import { DeliveryMetrics } from './delivery-metrics.ts';
import { Screens } from './screens.ts';

/** Stored messages → screens. A batch of Kafka is one push; its offsets move only after Redis has taken it. */
@Controller()
export class MessageConsumer {
  readonly #screens: Screens;
  readonly #metrics: DeliveryMetrics;
  readonly #failpoints: Failpoints;
  #log_epoch = 0;

  constructor(screens: Screens, metrics: DeliveryMetrics, failpoints: Failpoints) {
    this.#screens = screens;
    this.#metrics = metrics;
    this.#failpoints = failpoints;
  }

  @EventPattern<string>(topics.messages.name)
  async deliver(@Payload() { records, signal }: RecordBatch): Promise<void> {
    this.#failpoints.hit('router.after_receive');
    const deliveries = records.map(toMessageDelivery);
    await this.#screens.push(deliveries, signal);
    this.#failpoints.hit('router.after_push');
    const now = Date.now();
    for (const { json } of deliveries) {
      const sentAt = findSendTime(json);
      if (sentAt !== undefined) this.#metrics.messageAge((now - sentAt) / 1_000);
    }
    await this.#noteEpoch(highestEpoch(records));
  }

  /** A higher epoch than before: the database went back, and clients should learn it now, not with the next heartbeat. */
  async #noteEpoch(log_epoch: number): Promise<void> {
    const known = this.#log_epoch;
    if (log_epoch <= known) return;
    this.#log_epoch = log_epoch;
    // The first one this process sees is nothing new to anyone.
    if (known > 0) await this.#screens.requestHeads('log_epoch');
  }
}
