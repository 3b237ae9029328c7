import { Body, Controller, Get, Patch } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import { Refusal, updateMeBody } from '#libs/contracts';
import type { Caller } from '#libs/domain';
import type { AgentId } from '#libs/protocol';
import type { Once } from '../database/once.ts';
import { ActorOf, Allow, CallerOf, OnceOf } from '../edge/caller.ts';
import { Validated } from '../edge/validated.ts';
import type { Actor } from '../lifecycle/audit.ts';
import { agents } from '../settings/agents.ts';
import { Settings } from '../settings/settings.ts';
import { Agents } from './agents.ts';

/** What people see and say of themselves. */
@Controller('me')
@Allow('agent')
export class PeopleController {
  readonly #agents: Agents;
  readonly #settings: Settings;

  constructor(agents: Agents, settings: Settings) {
    this.#agents = agents;
    this.#settings = settings;
  }

  @Get()
  me(@CallerOf() caller: Caller) {
    return this.#settings.read(agents, agentOf(caller));
  }

  @Patch()
  async updateMe(
    @CallerOf() caller: Caller,
    @Body(new Validated(updateMeBody)) { status, ...fields }: z.output<typeof updateMeBody>,
    @ActorOf() by: Actor,
    @OnceOf() once?: Once,
  ) {
    const agent_id = agentOf(caller);
    const alongside = status && ((tx: EntityManager) => this.#agents.setStatusIn(tx, agent_id, status, undefined, by));
    const answer = await this.#settings.update(agents, agent_id, fields, by, { once, alongside });
    if (status) await this.#agents.noteStatusSet(agent_id, status);
    return answer;
  }
}

function agentOf(caller: Caller): AgentId {
  if (caller.kind !== 'agent') throw new Refusal('FORBIDDEN');
  return caller.agent_id;
}
