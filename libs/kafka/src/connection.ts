import { type Admin, type Consumer, type ConsumerConfig, Kafka, logLevel, Partitioners, type Producer } from 'kafkajs';
import { type LogTap, toKafkajsLog } from './kafkajs-log.ts';
import type { Log } from './ports.ts';

export interface KafkaOptions {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl?: boolean;
  readonly sasl?: Sasl;
  readonly log: Log;
}

/** How to sign in to the brokers; with `none` the rest is not looked at. */
export interface Sasl {
  readonly mechanism: 'none' | 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

/** What every producer, consumer and topic call of a process shares; connections are opened by them, not here. */
export interface KafkaConnection {
  readonly log: Log;
  producer(options: { requestTimeoutMs: number }): Producer;
  consumer(options: ConsumerConfig, tap: LogTap): Consumer;
  admin(): Admin;
}

const CONNECTION_TIMEOUT_MS = 3_000;
const CONSUMER_REQUEST_TIMEOUT_MS = 10_000;
// A broker that restarts is back within seconds: kafkajs' default pauses grow to half a minute.
const RETRY = { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5 };

/** Tells how to reach Kafka. Nothing is opened yet. */
export function createKafka(options: KafkaOptions): KafkaConnection {
  return {
    log: options.log,
    // No retries inside a send: kafkajs resends to failed brokers only, and takes a partition that has moved to a broker
    // which has answered already for sent; its records would be acked and lost. OrderedProducer sends the whole batch again.
    producer: ({ requestTimeoutMs }) =>
      client(options, requestTimeoutMs).producer({
        createPartitioner: Partitioners.DefaultPartitioner,
        allowAutoTopicCreation: false,
        maxInFlightRequests: 1,
        idempotent: false,
        retry: { ...RETRY, retries: 0 },
      }),
    consumer: (config, tap) =>
      client(options, CONSUMER_REQUEST_TIMEOUT_MS, tap).consumer({
        ...config,
        allowAutoTopicCreation: false,
        retry: RETRY,
      }),
    admin: () => client(options, CONSUMER_REQUEST_TIMEOUT_MS).admin({ retry: RETRY }),
  };
}

function client(options: KafkaOptions, requestTimeout: number, tap?: LogTap): Kafka {
  const { brokers, clientId, ssl, sasl, log } = options;
  return new Kafka({
    brokers: [...brokers],
    clientId,
    ssl: ssl ?? false,
    ...(sasl === undefined || sasl.mechanism === 'none' ? {} : { sasl: signIn(sasl) }),
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout,
    enforceRequestTimeout: true,
    retry: RETRY,
    logLevel: logLevel.INFO,
    logCreator: toKafkajsLog(log, tap),
  });
}

function signIn({ mechanism, username, password }: Sasl) {
  switch (mechanism) {
    case 'plain':
      return { mechanism, username, password };
    case 'scram-sha-256':
      return { mechanism, username, password };
    case 'scram-sha-512':
      return { mechanism, username, password };
    case 'none':
      throw new Error('nobody signs in with mechanism none');
  }
}
