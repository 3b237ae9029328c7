import type { DataSource } from 'typeorm';
import { failpointNames, type SessionConfig } from '#libs/config';
import { topics } from '#libs/contracts';
import { fetchEndOffsets, type KafkaConnection, type OrderedProducer } from '#libs/kafka';
import { Failpoints, type Logger } from '#libs/observability';
import type { RedisLink } from '#libs/redis';
import type { SessionParts } from './app.module.ts';
import { buildLifecycle } from './build-lifecycle.ts';
import { RateLimiter } from './edge/rate-limiter.ts';
import { CleanUp } from './database/clean-up.ts';
import { HeadsReader } from './log/heads.ts';
import { History } from './log/history.ts';
import { MessageRules } from './log/message-rules.ts';
import { NewMessages } from './log/new-messages.ts';
import { Sending } from './log/sending.ts';
import type { Job } from './jobs/job.ts';
import type { Signalling } from './log/read-marks.ts';
import type { Publish } from './outbox/outbox.ts';
import { ApiKeys } from './people/api-keys.ts';
import { SignInLimiter } from './people/auth.controller.ts';
import { Sealing } from './people/sealing.ts';
import { SignIn } from './people/sign-in.ts';
import { SigningKeys } from './people/signing-keys.ts';
import { Tokens } from './people/tokens.ts';
import { RedisLeases } from './presence/redis-leases.adapter.ts';
import type { QueueRequests } from './queue/queue-requests.ts';
import { createHasWriterPassed } from './timers/writer-progress.ts';
import { Settings } from './settings/settings.ts';
import { Boot } from './visitors/boot.ts';

const SECONDS_A_MINUTE = 60;

/** What the writer, the jobs and the drain need beside the controllers' parts. */
export interface InnerParts extends SessionParts {
  dataSource: DataSource;
  queueRequests: QueueRequests;
  newMessages: NewMessages;
  /** In the order in which they begin; they end in the opposite one. */
  jobs: readonly Job[];
  failpoints: Failpoints;
}

/** Makes every part of the service but the writer, each from those before it. */
export async function buildParts(
  config: SessionConfig,
  given: { dataSource: DataSource; producer: OrderedProducer; kafka: KafkaConnection; link: RedisLink; log: Logger },
): Promise<InnerParts> {
  const { dataSource, producer, kafka, link, log } = given;
  const failpoints = new Failpoints(config.failpoints, failpointNames.session);
  const signal: Signalling = (topic, key, value) => producer.send(topic, { key, value: JSON.stringify(value) });
  const publish: Publish = (records) => producer.sendMany(records);
  const lifecycle = buildLifecycle({
    dataSource,
    publish,
    signal,
    leases: new RedisLeases(link),
    hasWriterPassed: createHasWriterPassed(dataSource, () => fetchEndOffsets(kafka, topics.inbound.name)),
    presence_grace_seconds: config.session.presence_grace_seconds,
    failpoints,
    log,
  });
  const { find, opening, queue, queueStore } = lifecycle;
  const people = await buildPeople(config, dataSource);
  const { sealing, ...ofPeople } = people;
  const newMessages = new NewMessages(dataSource);
  const boot = new Boot(dataSource, people.tokens, sealing, { find, queueStore });
  const rules = new MessageRules(dataSource);
  const produce = (topic: string, record: { key: string; value: string; headers: Record<string, string> }) =>
    producer.send(topic, record);
  return {
    ...ofPeople,
    dataSource,
    log,
    failpoints,
    service_token: config.service_token,
    ...lifecycle,
    boot,
    newMessages,
    jobs: [...lifecycle.jobs, new CleanUp(dataSource, log)],
    rules,
    settings: new Settings(dataSource, queue, sealing),
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
