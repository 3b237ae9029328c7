import type { ExceptionFilter, INestApplication, INestMicroservice } from '@nestjs/common';
import { type CustomTransportStrategy, type MicroserviceOptions, Server } from '@nestjs/microservices';
import { isObservable, lastValueFrom, throwError } from 'rxjs';
import { BatchConsumer } from './batch-consumer.ts';
import type { BatchConsumerOptions } from './consumer-options.ts';
import type { RecordBatch } from './record.ts';

/** As for BatchConsumer, but of one topic; the handler is the controller's method with `@EventPattern(topic)`. */
export type KafkaBatchStrategyOptions = Omit<BatchConsumerOptions, 'handler' | 'topics'> & { readonly topic: string };

/**
 * A BatchConsumer as a Nest microservice: one group, one topic, one handler that gets a RecordBatch as its payload.
 * Connect it with `connectKafka`.
 */
export class KafkaBatchStrategy extends Server implements CustomTransportStrategy {
  // Whoever waits here gets the handler's failure and reports it; Nest need not.
  override readonly propagatesEventHandlerErrors = true;
  readonly consumer: BatchConsumer;
  readonly #topic: string;

  constructor({ topic, ...options }: KafkaBatchStrategyOptions) {
    super();
    this.#topic = topic;
    this.consumer = new BatchConsumer({ ...options, topics: [topic], handler: (batch) => this.#handle(batch) });
  }

  /** Called by Nest: starts the consumer. Fails when no controller has the topic's pattern. */
  async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      if (this.getHandlerByPattern(this.#topic) === null) {
        throw new Error(`no controller handles @EventPattern('${this.#topic}')`);
      }
      await this.consumer.start();
    } catch (error) {
      callback(error);
      return;
    }
    callback();
  }

  /** Called by Nest: drains, see BatchConsumer.close. */
  close(): Promise<void> {
    return this.consumer.close();
  }

  on(): never {
    throw new Error('a batch consumer has no events');
  }

  unwrap<T>(): T {
    return this.consumer as T;
  }

  async #handle(batch: RecordBatch): Promise<void> {
    const handler = this.getHandlerByPattern(this.#topic);
    if (handler === null) throw new Error(`no controller handles ${this.#topic}`);
    const result: unknown = await handler(batch);
    // A handler that fails resolves with an Observable that errors: not looked at, a failed batch would be committed.
    if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
  }
}

/** Nest's own filter turns every error of a handler into "Internal server error": RecordError and Rewind would be lost. */
class PassError implements ExceptionFilter {
  catch(error: unknown) {
    return throwError(() => error);
  }
}

/**
 * Connects the strategy to the application, with errors that keep their type; `startAllMicroservices` starts it.
 * On close Nest runs `onModuleDestroy` before it ends the consumer, and `onApplicationShutdown` after: what handlers need
 * must live until the latter.
 */
export function connectKafka(app: INestApplication, strategy: KafkaBatchStrategy): INestMicroservice {
  const microservice = app.connectMicroservice<MicroserviceOptions>({ strategy }, { deferInitialization: true });
  microservice.useGlobalFilters(new PassError());
  return microservice;
}
