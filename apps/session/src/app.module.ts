import { type DynamicModule, Module, type Provider, type Type } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, Reflector } from '@nestjs/core';
import type { Logger } from '#libs/observability';
import { CallerGuard } from './edge/caller.guard.ts';
import { ProblemFilter } from './edge/problem.filter.ts';
import { RateLimiter } from './edge/rate-limiter.ts';
import { ServiceToken } from './edge/service.guard.ts';
import { InternalController } from './internal/internal.controller.ts';
import { CommandsController } from './lifecycle/commands.controller.ts';
import { EditSession } from './lifecycle/edit-session.ts';
import { FindSessions } from './lifecycle/find-sessions.ts';
import { Notes } from './lifecycle/notes.ts';
import { RunCommand } from './lifecycle/run-command.ts';
import { SessionOpening } from './lifecycle/session-opening.ts';
import { SessionsController } from './lifecycle/sessions.controller.ts';
import { SessionsStore } from './lifecycle/sessions.store.ts';
import { AppendBatch } from './log/append-batch.ts';
import { HeadsReader } from './log/heads.ts';
import { History } from './log/history.ts';
import { InboundConsumer } from './log/inbound.consumer.ts';
import { MessageRules } from './log/message-rules.ts';
import { MessagesController } from './log/messages.controller.ts';
import { ReadMarks } from './log/read-marks.ts';
import { Sending } from './log/sending.ts';
import { Agents } from './people/agents.ts';
import { ApiKeys } from './people/api-keys.ts';
import { AuthController, SignInLimiter } from './people/auth.controller.ts';
import { PeopleController } from './people/people.controller.ts';
import { SignIn } from './people/sign-in.ts';
import { SigningKeys } from './people/signing-keys.ts';
import { Tokens } from './people/tokens.ts';
import { QueueController } from './queue/queue.controller.ts';
import { ReadQueue } from './queue/read-queue.ts';
import { settingsControllers } from './settings/settings.controller.ts';
import { Settings } from './settings/settings.ts';
import { Boot } from './visitors/boot.ts';
import { WidgetController } from './visitors/widget.controller.ts';

/** What the controllers stand on, made outside of Nest, where configuration and order are plain to see. */
export interface SessionParts {
  log: Logger;
  service_token: string;
  limiter: RateLimiter;
  signInLimiter: SignInLimiter;
  signingKeys: SigningKeys;
  tokens: Tokens;
  apiKeys: ApiKeys;
  signIn: SignIn;
  agents: Agents;
  settings: Settings;
  boot: Boot;
  sessions: SessionsStore;
  find: FindSessions;
  opening: SessionOpening;
  commands: RunCommand;
  edits: EditSession;
  notes: Notes;
  queues: ReadQueue;
  history: History;
  marks: ReadMarks;
  heads: HeadsReader;
  rules: MessageRules;
  sending: Sending;
  /** Only where the role `log` is played. */
  appendBatch?: AppendBatch | undefined;
}

const controllers = [
  AuthController,
  CommandsController,
  InternalController,
  MessagesController,
  PeopleController,
  QueueController,
  SessionsController,
  WidgetController,
  ...settingsControllers,
];

@Module({})
export class AppModule {
  static forSession(parts: SessionParts): DynamicModule {
    const { appendBatch } = parts;
    return {
      module: AppModule,
      controllers: [...controllers, ...(appendBatch ? [InboundConsumer] : [])],
      providers: [
        ...edges(parts),
        given(SignInLimiter, parts.signInLimiter),
        given(SigningKeys, parts.signingKeys),
        given(SignIn, parts.signIn),
        given(Agents, parts.agents),
        given(Settings, parts.settings),
        given(Boot, parts.boot),
        given(SessionsStore, parts.sessions),
        given(FindSessions, parts.find),
        given(SessionOpening, parts.opening),
        given(RunCommand, parts.commands),
        given(EditSession, parts.edits),
        given(Notes, parts.notes),
        given(ReadQueue, parts.queues),
        given(History, parts.history),
        given(ReadMarks, parts.marks),
        given(HeadsReader, parts.heads),
        given(MessageRules, parts.rules),
        given(Sending, parts.sending),
        ...(appendBatch ? [given(AppendBatch, appendBatch)] : []),
      ],
    };
  }
}

function edges({ tokens, apiKeys, limiter, agents, service_token, log }: SessionParts): Provider[] {
  const guard = (reflector: Reflector) => new CallerGuard(reflector, { tokens, apiKeys, limiter, agents });
  return [
    { provide: APP_GUARD, useFactory: guard, inject: [Reflector] },
    { provide: APP_FILTER, useValue: new ProblemFilter(log) },
    given(ServiceToken, new ServiceToken(service_token)),
  ];
}

function given<T>(provide: Type<T> | (abstract new (...args: never[]) => T), useValue: T): Provider {
  return { provide, useValue };
}
