import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { signal as signalSchema, type Signal, type SessionRoute, topics } from '#libs/contracts';
import { type KafkaRecord, RecordError, type RecordBatch } from '#libs/kafka';
import { AskNotes } from '../audience/ask-notes.ts';
import { keepLatest, toSignalDelivery } from '../audience/signal-deliveries.ts';
import { RouteTable } from '../audience/route-table.store.ts';
import { DeliveryMetrics } from './delivery-metrics.ts';
import { readRecord } from './read-record.ts';
import { Screens } from './screens.ts';

// Longer than any rebalance; who typed before that types no more.
const TYPING_LIFE_MS = 10_000;

/** Signals → screens, each tried once: what can't be shown now is dropped, and no signal ever holds up the next. */
@Controller()
export class SignalConsumer {
  readonly #screens: Screens;
  readonly #routes: RouteTable;
  readonly #notes: AskNotes;
  readonly #metrics: DeliveryMetrics;

  constructor(screens: Screens, routes: RouteTable, notes: AskNotes, metrics: DeliveryMetrics) {
    this.#screens = screens;
    this.#routes = routes;
    this.#notes = notes;
    this.#metrics = metrics;
  }

  @EventPattern<string>(topics.signals.name)
  async deliver(@Payload() { records }: RecordBatch): Promise<void> {
    const signals = keepLatest(this.#readLively(records));
    const [routes, notes] = await Promise.all([
      this.#routes.find(signals.flatMap(sessionOf)),
      this.#notes.ask(signals.flatMap((signal) => (signal.type === 'note' ? signal.note_id : []))),
    ]);
    const deliveries = signals.flatMap((signal) => {
      const [session_id] = sessionOf(signal);
      const route: SessionRoute | undefined = session_id === undefined ? undefined : routes.get(session_id);
      if (session_id !== undefined && !route) this.#metrics.signalsDropped('no_route', 1);
      const note = signal.type === 'note' ? notes[signal.note_id] : undefined;
      return toSignalDelivery(signal, { route, note }) ?? [];
    });
    const isPushed = await this.#screens.pushOrDrop(deliveries);
    if (!isPushed) this.#metrics.signalsDropped('no_redis', deliveries.length);
  }

  #readLively(records: readonly KafkaRecord[]): Signal[] {
    const oldest = Date.now() - TYPING_LIFE_MS;
    return records.flatMap((record, index) => {
      const signal = this.#read(record, index);
      if (signal?.type !== 'typing' || record.timestamp >= oldest) return signal ?? [];
      this.#metrics.signalsDropped('late', 1);
      return [];
    });
  }

  #read(record: KafkaRecord, index: number): Signal | undefined {
    try {
      return readRecord<Signal>(signalSchema, record, index);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.#metrics.signalsDropped('invalid', 1); // not worth a dead letter
      return undefined;
    }
  }
}

function sessionOf(signal: Signal): string[] {
  // A position names its visitor by itself.
  return signal.type === 'presence' || signal.type === 'queue' ? [] : [signal.session_id];
}
