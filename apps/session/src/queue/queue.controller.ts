import { Controller, Get, Param, Query } from '@nestjs/common';
import { type QueueQuery, queueQuery } from '#libs/contracts';
import type { Caller } from '#libs/domain';
import { Allow, CallerOf } from '../edge/caller.ts';
import { Validated } from '../edge/validated.ts';
import { ReadQueue } from './read-queue.ts';

@Controller('queue')
@Allow('agent', 'key:sessions:read')
export class QueueController {
  readonly #queues: ReadQueue;

  constructor(queues: ReadQueue) {
    this.#queues = queues;
  }

  @Get()
  all(@CallerOf() caller: Caller, @Query(new Validated(queueQuery)) query: QueueQuery) {
    return this.#queues.list(query, caller);
  }

  @Get(':team_id')
  one(
    @Param('team_id') team_id: string,
    @CallerOf() caller: Caller,
    @Query(new Validated(queueQuery)) query: QueueQuery,
  ) {
    return this.#queues.list(query, caller, team_id);
  }
}
