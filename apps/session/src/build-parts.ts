import type { DataSource } from 'typeorm';
import { failpointNames, type SessionConfig } from '#libs/config';
import type { OrderedProducer } from '#libs/kafka';
import { Failpoints, type Logger } from '#libs/observability';
import type { SessionParts } from './app.module.ts';
import { RateLimiter } from './edge/rate-limiter.ts';
import { CleanUp } from './database/clean-up.ts';
import { FindSessions } from './lifecycle/find-sessions.ts';
import { RunCommand } from './lifecycle/run-command.ts';
import { SessionOpening } from './lifecycle/session-opening.ts';
import { SessionsStore } from './lifecycle/sessions.store.ts';
import { Transitions } from './lifecycle/transitions.ts';
import { HeadsReader } from './log/heads.ts';
import { History } from './log/history.ts';
import { MessageRules } from './log/message-rules.ts';
import { NewMessages } from './log/new-messages.ts';
import { ReadMarks } from './log/read-marks.ts';
import { Sending } from './log/sending.ts';
import { Outbox } from './outbox/outbox.ts';
import { Agents } from './people/agents.ts';
import { ApiKeys } from './people/api-keys.ts';
import { SignInLimiter } from './people/auth.controller.ts';
import { Sealing } from './people/sealing.ts';
import { SignIn } from './people/sign-in.ts';
import { SigningKeys } from './people/signing-keys.ts';
import { Tokens } from './people/tokens.ts';
import { QueueRequests } from './queue/queue-requests.ts';
import { Queue } from './queue/queue.ts';
import { Boot } from './visitors/boot.ts';

const SECONDS_A_MINUTE = 60;

/** What the writer, the jobs and the drain need beside the controllers' parts. */
export interface InnerParts extends SessionParts {
  dataSource: DataSource;
  outbox: Outbox;
  queue: Queue;
  queueRequests: QueueRequests;
  newMessages: NewMessages;
  cleanUp: CleanUp;
  failpoints: Failpoints;
}

/** Makes every part of the service but the writer, each from those before it. */
export async function buildParts(
  config: SessionConfig,
  given: { dataSource: DataSource; producer: OrderedProducer; log: Logger },
): Promise<InnerParts> {
  const { dataSource, producer, log } = given;
  const failpoints = new Failpoints(config.failpoints, failpointNames.session);
  const outbox = new Outbox(dataSource, (records) => producer.sendMany(records), log);
  const sessions = new SessionsStore(dataSource);
  const transitions = new Transitions(sessions, outbox, failpoints);
  const queue = new Queue(dataSource, { sessions, transitions, outbox, log });
  const opening = new SessionOpening(dataSource, sessions, transitions, { outbox, queue });
  const commands = new RunCommand(dataSource, sessions, transitions, { outbox, queue });
  const people = await buildPeople(config, dataSource);
  const { sealing, ...ofPeople } = people;
  const newMessages = new NewMessages(dataSource);
  const marks = new ReadMarks(dataSource, (topic, key, value) =>
    producer.send(topic, { key, value: JSON.stringify(value) }),
  );
  const find = new FindSessions(sessions, marks);
  const boot = new Boot(dataSource, people.tokens, sealing, find);
  const rules = new MessageRules(dataSource);
  const produce = (topic: string, record: { key: string; value: string; headers: Record<string, string> }) =>
    producer.send(topic, record);
  return {
    ...ofPeople,
    dataSource,
    log,
    failpoints,
    service_token: config.service_token,
    outbox,
    queue,
    queueRequests: new QueueRequests(dataSource, { sessions, transitions, outbox, queue, log }),
    sessions,
    opening,
    commands,
    boot,
    newMessages,
    cleanUp: new CleanUp(dataSource, log),
    marks,
    find,
    rules,
    agents: new Agents(dataSource, outbox, queue),
    history: new History(dataSource, newMessages),
    heads: new HeadsReader(dataSource),
    sending: new Sending({ dataSource, find, opening, boot, rules, produce }),
  };
}

async function buildPeople(config: SessionConfig, dataSource: DataSource) {
  const { login, limits, access_token_seconds, refresh_token_days, visitor_token_days } = config.session;
  const sealing = new Sealing(config.secrets_key);
  const signingKeys = new SigningKeys(dataSource, sealing);
  await signingKeys.load();
  const tokens = new Tokens(signingKeys, { access_token_seconds, visitor_token_days });
  return {
    sealing,
    signingKeys,
    tokens,
    apiKeys: new ApiKeys(dataSource),
    signIn: new SignIn(dataSource, tokens, { ...login, refresh_token_days }),
    limiter: new RateLimiter(limits.api_calls_per_second, limits.api_burst),
    signInLimiter: new SignInLimiter(login.attempts_per_minute / SECONDS_A_MINUTE, login.attempts_per_minute),
  };
}
