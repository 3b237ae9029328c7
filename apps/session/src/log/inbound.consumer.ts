import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { topics } from '#libs/contracts';
import { type RecordBatch } from '#libs/kafka';
import { AppendBatch } from './append-batch.ts';

@Controller()
export class InboundConsumer {
  readonly #appendBatch: AppendBatch;

  constructor(appendBatch: AppendBatch) {
    this.#appendBatch = appendBatch;
  }

  @EventPattern<string>(topics.inbound.name)
  append(@Payload() batch: RecordBatch): Promise<void> {
    return this.#appendBatch.run(batch);
  }
}
