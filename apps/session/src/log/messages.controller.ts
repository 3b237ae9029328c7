import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import type { Request } from 'express';
import type { z } from 'zod';
import {
  messageId,
  type MessagesQuery,
  messagesQuery,
  readBody,
  Refusal,
  type SendBody,
  sendBody,
  type SendMessageBody,
  sendMessageBody,
  unreadQuery,
} from '#libs/contracts';
import { type Caller, hasScope, idOf } from '#libs/domain';
import type { MessageId } from '#libs/protocol';
import type { Once } from '../database/once.ts';
import { Allow, CallerOf, OnceOf } from '../edge/caller.ts';
import { Validated } from '../edge/validated.ts';
import { FindSessions } from '../lifecycle/find-sessions.ts';
import { History } from './history.ts';
import { ReadMarks } from './read-marks.ts';
import { Sending } from './sending.ts';

@Controller()
export class MessagesController {
  readonly #history: History;
  readonly #marks: ReadMarks;
  readonly #sending: Sending;
  readonly #find: FindSessions;

  constructor(history: History, marks: ReadMarks, sending: Sending, find: FindSessions) {
    this.#history = history;
    this.#marks = marks;
    this.#sending = sending;
    this.#find = find;
  }

  @Get('messages')
  @Allow('visitor', 'agent', 'key:messages:read')
  async list(
    @CallerOf() caller: Caller,
    @Query(new Validated(messagesQuery)) query: MessagesQuery,
    @Req() request: Request,
  ) {
    const mayRead = () => this.#find.row(query.session_id, caller, 'messages:read');
    await mayRead();
    const gone = new AbortController();
    request.on('close', () => gone.abort());
    const page = await this.#history.read(query, gone.signal);
    // Behind the read: an agent may have handed the session over meanwhile, and what came since is another's.
    if (caller.kind === 'agent') await mayRead();
    return page;
  }

  @Get('messages/:message_id')
  @Allow('agent', 'key:messages:read')
  async get(@CallerOf() caller: Caller, @Param('message_id', new Validated(messageId)) message_id: MessageId) {
    const message = await this.#history.get(message_id);
    await this.#find.row(message.session_id, caller, 'messages:read');
    return message;
  }

  @Post('sessions/:session_id/messages')
  @HttpCode(202)
  @Allow('visitor', 'agent', 'key:messages:write')
  send(
    @Param('session_id') session_id: string,
    @CallerOf() caller: Caller,
    @Body(new Validated(sendMessageBody)) body: SendMessageBody,
    @OnceOf() once: Once | undefined,
  ) {
    return this.#sending.toSession(session_id, body, caller, once);
  }

  @Post('send')
  @HttpCode(202)
  @Allow('key:messages:write')
  sendToUser(
    @CallerOf() caller: Caller,
    @Body(new Validated(sendBody)) body: SendBody,
    @Headers('idempotency-key') idempotency_key: string | undefined,
  ) {
    if (caller.kind !== 'key') throw new Refusal('FORBIDDEN');
    return this.#sending.toUser(body, caller, idempotency_key);
  }

  @Post('sessions/:session_id/read')
  @HttpCode(204)
  @Allow('visitor', 'agent')
  async read(
    @Param('session_id') session_id: string,
    @CallerOf() caller: Caller,
    @Body(new Validated(readBody)) { seq_id }: z.output<typeof readBody>,
  ): Promise<void> {
    await this.#marks.move(await this.#find.row(session_id, caller), caller, seq_id);
  }

  @Get('unread_count')
  @Allow('visitor', 'agent', 'key:messages:read')
  async unread(
    @CallerOf() caller: Caller,
    @Query(new Validated(unreadQuery)) { user_id }: z.output<typeof unreadQuery>,
  ) {
    const readers = await this.#marks.findReaders(user_id);
    const isOwn = readers.length === 1 && readers[0] === idOf(caller);
    if (readers.length === 0 || (!isOwn && !hasScope(caller, 'messages:read'))) throw new Refusal('NOT_FOUND');
    const sessions = (await Promise.all(readers.map((reader) => this.#marks.unreadOf(reader)))).flat();
    return { user_id, unread_count: sessions.reduce((sum, session) => sum + session.unread_count, 0), sessions };
  }
}
