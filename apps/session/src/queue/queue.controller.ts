import { Controller, Get, Param } from '@nestjs/common';
import type { Caller } from '#libs/domain';
import { Allow, CallerOf } from '../edge/caller.ts';
import { ReadQueue } from './read-queue.ts';

@Controller('queue')
@Allow('agent', 'key:sessions:read')
export class QueueController {
  readonly #queues: ReadQueue;

  constructor(queues: ReadQueue) {
    this.#queues = queues;
  }

  @Get()
  all(@CallerOf() caller: Caller) {
    return this.#queues.list(caller);
  }

  @Get(':team_id')
  one(@Param('team_id') team_id: string, @CallerOf() caller: Caller) {
    return this.#queues.list(caller, team_id);
  }
}
