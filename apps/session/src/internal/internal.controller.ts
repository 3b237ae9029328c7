import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import type { z } from 'zod';
import {
  agentStatusQuestion,
  checkMessageQuestion,
  connectedQuestion,
  type HeadsAnswer,
  headsQuestion,
  internalPaths,
  type NotesAnswer,
  notesQuestion,
  readQuestion,
  Refusal,
  type RoutesAnswer,
  routesQuestion,
} from '#libs/contracts';
import { GuardedBy } from '../edge/caller.ts';
import { ServiceGuard } from '../edge/service.guard.ts';
import { Validated } from '../edge/validated.ts';
import { Notes } from '../lifecycle/notes.ts';
import { SessionsStore } from '../lifecycle/sessions.store.ts';
import { HeadsReader } from '../log/heads.ts';
import { MessageRules } from '../log/message-rules.ts';
import { ReadMarks } from '../log/read-marks.ts';
import { Agents } from '../people/agents.ts';

/** Questions of gateway and router; see libs/contracts `internal`. */
@Controller()
@GuardedBy(ServiceGuard)
export class InternalController {
  readonly #heads: HeadsReader;
  readonly #sessions: SessionsStore;
  readonly #rules: MessageRules;
  readonly #marks: ReadMarks;
  readonly #agents: Agents;
  readonly #notes: Notes;

  constructor(
    heads: HeadsReader,
    sessions: SessionsStore,
    rules: MessageRules,
    marks: ReadMarks,
    agents: Agents,
    notes: Notes,
  ) {
    this.#heads = heads;
    this.#sessions = sessions;
    this.#rules = rules;
    this.#marks = marks;
    this.#agents = agents;
    this.#notes = notes;
  }

  @Post(internalPaths.heads)
  @HttpCode(200)
  heads(@Body(new Validated(headsQuestion)) question: z.output<typeof headsQuestion>): Promise<HeadsAnswer> {
    return this.#heads.read(question);
  }

  @Post(internalPaths.connected)
  @HttpCode(204)
  async connected(
    @Body(new Validated(connectedQuestion)) { agent_ids }: z.output<typeof connectedQuestion>,
  ): Promise<void> {
    await this.#agents.noteConnected(agent_ids);
  }

  @Post(internalPaths.routes)
  @HttpCode(200)
  async routes(
    @Body(new Validated(routesQuestion)) { session_ids }: z.output<typeof routesQuestion>,
  ): Promise<RoutesAnswer> {
    return { routes: await this.#sessions.routes(session_ids) };
  }

  @Post(internalPaths.notes)
  @HttpCode(200)
  async notes(@Body(new Validated(notesQuestion)) { note_ids }: z.output<typeof notesQuestion>): Promise<NotesAnswer> {
    const notes = await this.#notes.find(note_ids);
    return { notes: Object.fromEntries(notes.map((note) => [note.note_id, note])) };
  }

  @Post(internalPaths.checkMessage)
  @HttpCode(204)
  async checkMessage(
    @Body(new Validated(checkMessageQuestion)) { message, caller }: z.output<typeof checkMessageQuestion>,
  ): Promise<void> {
    await this.#rules.check(message, caller);
  }

  @Post(internalPaths.read)
  @HttpCode(204)
  async read(
    @Body(new Validated(readQuestion)) { caller, session_id, seq_id }: z.output<typeof readQuestion>,
  ): Promise<void> {
    const session = await this.#sessions.find(session_id);
    if (!session) throw new Refusal('NOT_FOUND');
    await this.#marks.move(session, caller, seq_id);
  }

  @Post(internalPaths.agentStatus)
  @HttpCode(204)
  async agentStatus(
    @Body(new Validated(agentStatusQuestion)) { agent_id, status, reason }: z.output<typeof agentStatusQuestion>,
  ): Promise<void> {
    await this.#agents.setStatus(agent_id, status, reason, { id: agent_id });
  }
}
