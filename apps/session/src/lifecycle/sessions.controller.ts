import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import type { z } from 'zod';
import {
  closeSessionBody,
  type OpenSessionBody,
  openSessionBody,
  Refusal,
  type SessionsQuery,
  sessionsQuery,
} from '#libs/contracts';
import { type Caller, hasScope } from '#libs/domain';
import { ActorOf, Allow, CallerOf } from '../edge/caller.ts';
import { Validated } from '../edge/validated.ts';
import { Boot } from '../visitors/boot.ts';
import { FindSessions } from './find-sessions.ts';
import { RunCommand } from './run-command.ts';
import { requireSameChannel, SessionOpening } from './session-opening.ts';
import type { Actor } from './transitions.ts';

@Controller('sessions')
export class SessionsController {
  readonly #opening: SessionOpening;
  readonly #commands: RunCommand;
  readonly #find: FindSessions;
  readonly #boot: Boot;

  constructor(opening: SessionOpening, commands: RunCommand, find: FindSessions, boot: Boot) {
    this.#opening = opening;
    this.#commands = commands;
    this.#find = find;
    this.#boot = boot;
  }

  @Post()
  @HttpCode(200)
  @Allow('visitor', 'key:sessions:write')
  async open(
    @CallerOf() caller: Caller,
    @Body(new Validated(openSessionBody)) body: OpenSessionBody,
    @ActorOf() by: Actor,
  ) {
    const { visitor_id, channel_id } = await this.#visitorOf(caller, body);
    const origin = caller.kind === 'visitor' ? 'visitor' : 'api';
    const { team_id, attributes, pre_chat } = body;
    const row = await this.#opening.open({
      visitor_id,
      channel_id,
      origin,
      by,
      team_id,
      attributes: { ...attributes, ...pre_chat },
    });
    return this.#find.view(row, caller);
  }

  @Get()
  @Allow('visitor', 'agent', 'key:sessions:read')
  list(@CallerOf() caller: Caller, @Query(new Validated(sessionsQuery)) query: SessionsQuery) {
    return this.#find.list(query, caller);
  }

  @Get(':session_id')
  @Allow('visitor', 'agent', 'key:sessions:read')
  get(@Param('session_id') session_id: string, @CallerOf() caller: Caller) {
    return this.#find.get(session_id, caller);
  }

  @Post(':session_id/request_human')
  @HttpCode(200)
  @Allow('visitor', 'key:sessions:write')
  async requestHuman(@Param('session_id') session_id: string, @CallerOf() caller: Caller, @ActorOf() by: Actor) {
    return this.#find.view(await this.#commands.requestHuman(session_id, caller, by), caller);
  }

  @Post(':session_id/accept')
  @HttpCode(200)
  @Allow('agent')
  async accept(@Param('session_id') session_id: string, @CallerOf() caller: Caller, @ActorOf() by: Actor) {
    return this.#find.view(await this.#commands.accept(session_id, caller, by), caller);
  }

  @Post(':session_id/close')
  @HttpCode(200)
  @Allow('visitor', 'agent', 'key:sessions:write')
  async close(
    @Param('session_id') session_id: string,
    @CallerOf() caller: Caller,
    @Body(new Validated(closeSessionBody)) body: z.output<typeof closeSessionBody>,
    @ActorOf() by: Actor,
  ) {
    return this.#find.view(await this.#commands.close(session_id, caller, by, body), caller);
  }

  async #visitorOf(caller: Caller, { channel_id, visitor }: OpenSessionBody) {
    if (caller.kind === 'visitor') {
      if (visitor) throw new Refusal('FORBIDDEN', { detail: 'a visitor opens its own session only' });
      requireSameChannel(channel_id, caller);
      return caller;
    }
    if (!hasScope(caller, 'sessions:write')) throw new Refusal('FORBIDDEN');
    if (!channel_id) throw new Refusal('CHANNEL_REQUIRED');
    if (!visitor) throw new Refusal('VALIDATION_FAILED', { detail: 'visitor: is required' });
    if ('user_id' in visitor) return this.#boot.forUser(channel_id, visitor.user_id);
    return this.#opening.requireVisitor(visitor.visitor_id, channel_id);
  }
}
