import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import type { z } from 'zod';
import {
  closeSessionBody,
  rateBody,
  reassignBody,
  Refusal,
  type Session,
  type TransferBody,
  transferBody,
} from '#libs/contracts';
import type { Caller } from '#libs/domain';
import type { Once } from '../database/once.ts';
import { ActorOf, Allow, CallerOf, OnceOf } from '../edge/caller.ts';
import { Validated } from '../edge/validated.ts';
import type { Actor } from './audit.ts';
import type { SessionCommand } from './plan-command.ts';
import { RunCommand } from './run-command.ts';

/** Whom a command comes from, and as what. */
interface From {
  caller: Caller;
  by: Actor;
  once: Once | undefined;
}

/** What people and programs tell a session to do; each answers with the session as it is then. */
@Controller('sessions/:session_id')
export class CommandsController {
  readonly #commands: RunCommand;

  constructor(commands: RunCommand) {
    this.#commands = commands;
  }

  @Post('request_human')
  @HttpCode(200)
  @Allow('visitor', 'key:sessions:write')
  requestHuman(
    @Param('session_id') id: string,
    @CallerOf() caller: Caller,
    @ActorOf() by: Actor,
    @OnceOf() once?: Once,
  ) {
    return this.#run(id, { type: 'request_human' }, { caller, by, once });
  }

  @Post('accept')
  @HttpCode(200)
  @Allow('agent')
  accept(@Param('session_id') id: string, @CallerOf() caller: Caller, @ActorOf() by: Actor, @OnceOf() once?: Once) {
    return this.#run(id, { type: 'accept' }, { caller, by, once });
  }

  @Post('transfer')
  @HttpCode(200)
  @Allow('agent', 'key:admin')
  transfer(
    @Param('session_id') id: string,
    @Body(new Validated(transferBody)) body: TransferBody,
    @CallerOf() caller: Caller,
    @ActorOf() by: Actor,
    @OnceOf() once?: Once,
  ) {
    const command = toCommand(body);
    return this.#run(id, command, { caller, by, once });
  }

  @Post('transfer/accept')
  @HttpCode(200)
  @Allow('agent')
  acceptTransfer(
    @Param('session_id') id: string,
    @CallerOf() caller: Caller,
    @ActorOf() by: Actor,
    @OnceOf() once?: Once,
  ) {
    return this.#run(id, { type: 'transfer_accept' }, { caller, by, once });
  }

  @Post('transfer/reject')
  @HttpCode(200)
  @Allow('agent')
  rejectTransfer(
    @Param('session_id') id: string,
    @CallerOf() caller: Caller,
    @ActorOf() by: Actor,
    @OnceOf() once?: Once,
  ) {
    return this.#run(id, { type: 'transfer_reject' }, { caller, by, once });
  }

  @Post('transfer/cancel')
  @HttpCode(200)
  @Allow('agent', 'key:admin')
  cancelTransfer(
    @Param('session_id') id: string,
    @CallerOf() caller: Caller,
    @ActorOf() by: Actor,
    @OnceOf() once?: Once,
  ) {
    return this.#run(id, { type: 'transfer_cancel' }, { caller, by, once });
  }

  @Post('return_to_queue')
  @HttpCode(200)
  @Allow('agent', 'key:admin')
  returnToQueue(
    @Param('session_id') id: string,
    @CallerOf() caller: Caller,
    @ActorOf() by: Actor,
    @OnceOf() once?: Once,
  ) {
    return this.#run(id, { type: 'return_to_queue' }, { caller, by, once });
  }

  @Post('take_over')
  @HttpCode(200)
  @Allow('agent')
  takeOver(@Param('session_id') id: string, @CallerOf() caller: Caller, @ActorOf() by: Actor, @OnceOf() once?: Once) {
    return this.#run(id, { type: 'take_over' }, { caller, by, once });
  }

  @Post('reassign')
  @HttpCode(200)
  @Allow('agent', 'key:admin')
  reassign(
    @Param('session_id') id: string,
    @Body(new Validated(reassignBody)) body: z.output<typeof reassignBody>,
    @CallerOf() caller: Caller,
    @ActorOf() by: Actor,
    @OnceOf() once?: Once,
  ) {
    return this.#run(id, { type: 'reassign', ...body }, { caller, by, once });
  }

  @Post('close')
  @HttpCode(200)
  @Allow('visitor', 'agent', 'key:sessions:write')
  close(
    @Param('session_id') id: string,
    @Body(new Validated(closeSessionBody)) body: z.output<typeof closeSessionBody>,
    @CallerOf() caller: Caller,
    @ActorOf() by: Actor,
    @OnceOf() once?: Once,
  ) {
    return this.#run(id, { type: 'close', ...body }, { caller, by, once });
  }

  @Post('rating')
  @HttpCode(200)
  @Allow('visitor')
  rate(
    @Param('session_id') id: string,
    @Body(new Validated(rateBody)) body: z.output<typeof rateBody>,
    @CallerOf() caller: Caller,
    @ActorOf() by: Actor,
    @OnceOf() once?: Once,
  ) {
    return this.#run(id, { type: 'rate', ...body }, { caller, by, once });
  }

  #run(session_id: string, command: SessionCommand, { caller, by, once }: From): Promise<Session> {
    return this.#commands.run(session_id, command, caller, by, once);
  }
}

/** The schema has seen to it that one of the two is there. */
function toCommand({ to_agent, to_team, reason }: TransferBody): SessionCommand {
  if (to_agent) return { type: 'transfer_to_agent', to_agent, reason };
  if (to_team) return { type: 'transfer_to_team', to_team, reason };
  throw new Refusal('VALIDATION_FAILED');
}
