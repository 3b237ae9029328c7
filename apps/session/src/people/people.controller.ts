import { Body, Controller, Get, Patch, Post } from '@nestjs/common';
import type { z } from 'zod';
import { createAgentBody, type CreateAgentBody, Refusal, updateMeBody } from '#libs/contracts';
import type { Caller } from '#libs/domain';
import type { AgentId } from '#libs/protocol';
import { ActorOf, Allow, CallerOf } from '../edge/caller.ts';
import { Validated } from '../edge/validated.ts';
import type { Actor } from '../lifecycle/transitions.ts';
import { Agents } from './agents.ts';

@Controller()
export class PeopleController {
  readonly #agents: Agents;

  constructor(agents: Agents) {
    this.#agents = agents;
  }

  @Get('me')
  @Allow('agent')
  me(@CallerOf() caller: Caller) {
    return this.#agents.get(agentOf(caller));
  }

  @Patch('me')
  @Allow('agent')
  async updateMe(
    @CallerOf() caller: Caller,
    @Body(new Validated(updateMeBody)) { status, ...fields }: z.output<typeof updateMeBody>,
    @ActorOf() by: Actor,
  ) {
    const agent_id = agentOf(caller);
    await this.#agents.update(agent_id, fields, by);
    if (status) await this.#agents.setStatus(agent_id, status, undefined, by);
    return this.#agents.get(agent_id);
  }

  @Post('agents')
  @Allow('admin')
  create(@Body(new Validated(createAgentBody)) body: CreateAgentBody, @ActorOf() by: Actor) {
    return this.#agents.create(body, by);
  }
}

function agentOf(caller: Caller): AgentId {
  if (caller.kind !== 'agent') throw new Refusal('FORBIDDEN');
  return caller.agent_id;
}
