import { type DynamicModule, Module } from '@nestjs/common';
import { Failpoints } from '#libs/observability';
import { AskNotes } from './audience/ask-notes.ts';
import { RouteTable } from './audience/route-table.store.ts';
import { SessionVersions } from './audience/session-versions.ts';
import { DeliveryMetrics } from './delivery/delivery-metrics.ts';
import { EventConsumer } from './delivery/event.consumer.ts';
import { MessageConsumer } from './delivery/message.consumer.ts';
import { Screens } from './delivery/screens.ts';
import { SignalConsumer } from './delivery/signal.consumer.ts';

/** What the consumers stand on, made outside of Nest, where configuration and order are plain to see. */
export interface RouterParts {
  screens: Screens;
  routes: RouteTable;
  notes: AskNotes;
  metrics: DeliveryMetrics;
  failpoints: Failpoints;
}

@Module({})
export class AppModule {
  static forRouter(parts: RouterParts): DynamicModule {
    return {
      module: AppModule,
      controllers: [MessageConsumer, EventConsumer, SignalConsumer],
      providers: [
        { provide: Screens, useValue: parts.screens },
        { provide: RouteTable, useValue: parts.routes },
        { provide: AskNotes, useValue: parts.notes },
        { provide: DeliveryMetrics, useValue: parts.metrics },
        { provide: Failpoints, useValue: parts.failpoints },
        SessionVersions,
      ],
    };
  }
}
