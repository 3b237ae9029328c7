import { Body, Controller, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import type { z } from 'zod';
import {
  noteBody,
  notesQuery,
  type OpenSessionBody,
  openSessionBody,
  Refusal,
  type SessionsQuery,
  sessionsQuery,
  tagsBody,
  type UpdateSessionBody,
  updateSessionBody,
} from '#libs/contracts';
import { type Caller, canAcceptSession } from '#libs/domain';
import type { Once } from '../database/once.ts';
import { ActorOf, Allow, CallerOf, OnceOf } from '../edge/caller.ts';
import { Validated } from '../edge/validated.ts';
import { Boot } from '../visitors/boot.ts';
import { FindSessions } from './find-sessions.ts';
import type { Actor } from './audit.ts';
import { EditSession } from './edit-session.ts';
import { Notes } from './notes.ts';
import { requireSameChannel, SessionOpening } from './session-opening.ts';

const originOf = { visitor: 'visitor', agent: 'agent', key: 'api' } as const;

/** Sessions themselves: opening, finding and editing them; what happens to one is in commands.controller.ts. */
@Controller('sessions')
export class SessionsController {
  readonly #opening: SessionOpening;
  readonly #edits: EditSession;
  readonly #notes: Notes;
  readonly #find: FindSessions;
  readonly #boot: Boot;

  constructor(opening: SessionOpening, edits: EditSession, notes: Notes, find: FindSessions, boot: Boot) {
    this.#opening = opening;
    this.#edits = edits;
    this.#notes = notes;
    this.#find = find;
    this.#boot = boot;
  }

  @Post()
  @HttpCode(200)
  @Allow('visitor', 'agent', 'key:sessions:write')
  async open(
    @CallerOf() caller: Caller,
    @Body(new Validated(openSessionBody)) body: OpenSessionBody,
    @ActorOf() by: Actor,
    @OnceOf() once: Once | undefined,
  ) {
    const { visitor_id, channel_id } = await this.#visitorOf(caller, body);
    const { team_id, attributes, pre_chat, offline } = body;
    if (team_id !== undefined && caller.kind === 'agent' && !canAcceptSession(caller, { team_id })) {
      throw new Refusal('FORBIDDEN', { detail: 'team_id: is none of yours' });
    }
    const opening = {
      visitor_id,
      channel_id,
      origin: originOf[caller.kind],
      by,
      team_id,
      attributes: { ...attributes, ...pre_chat },
      isOffline: offline,
      started_by: caller.kind === 'agent' ? caller.agent_id : undefined,
    };
    return this.#opening.openOnce(opening, once, (row, tx) => this.#find.view(row, caller, tx));
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

  @Patch(':session_id')
  @Allow('agent', 'key:sessions:write')
  update(
    @Param('session_id') session_id: string,
    @CallerOf() caller: Caller,
    @Body(new Validated(updateSessionBody)) body: UpdateSessionBody,
    @ActorOf() by: Actor,
    @OnceOf() once: Once | undefined,
  ) {
    return this.#edits.update(session_id, body, caller, by, once);
  }

  @Put(':session_id/tags')
  @Allow('agent', 'key:sessions:write')
  tag(
    @Param('session_id') session_id: string,
    @CallerOf() caller: Caller,
    @Body(new Validated(tagsBody)) { tags }: z.output<typeof tagsBody>,
    @ActorOf() by: Actor,
    @OnceOf() once: Once | undefined,
  ) {
    return this.#edits.tag(session_id, tags, caller, by, once);
  }

  @Get(':session_id/notes')
  @Allow('agent')
  notes(
    @Param('session_id') session_id: string,
    @CallerOf() caller: Caller,
    @Query(new Validated(notesQuery)) _query: object,
  ) {
    return this.#notes.list(session_id, caller);
  }

  @Post(':session_id/notes')
  @Allow('agent')
  addNote(
    @Param('session_id') session_id: string,
    @CallerOf() caller: Caller,
    @Body(new Validated(noteBody)) { content }: z.output<typeof noteBody>,
    @ActorOf() by: Actor,
    @OnceOf() once: Once | undefined,
  ) {
    return this.#notes.add(session_id, content, caller, by, once);
  }

  async #visitorOf(caller: Caller, { channel_id, visitor }: OpenSessionBody) {
    if (caller.kind === 'visitor') {
      if (visitor) throw new Refusal('FORBIDDEN', { detail: 'a visitor opens its own session only' });
      requireSameChannel(channel_id, caller);
      return caller;
    }
    if (!channel_id) throw new Refusal('CHANNEL_REQUIRED');
    if (!visitor) throw new Refusal('VALIDATION_FAILED', { detail: 'visitor: is required' });
    // Programs may bring new visitors; an agent begins with somebody who is known.
    if ('user_id' in visitor) {
      const { user_id } = visitor;
      return caller.kind === 'key' ? this.#boot.forUser(channel_id, user_id) : this.#boot.findUser(channel_id, user_id);
    }
    return this.#opening.requireVisitor(visitor.visitor_id, channel_id);
  }
}
