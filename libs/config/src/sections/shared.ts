import { z } from 'zod';
import type { FailpointName } from '../failpoint-names.ts';
import { secret } from './secret.ts';
import { whole } from './setting.ts';

/** Settings of every service. */
export const shared = {
  production: z
    .boolean()
    .default(false)
    .meta({ description: 'Whether real customers talk through this installation; refuses what is for tests only.' }),
  log: z
    .strictObject({
      level: z
        .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
        .default('info')
        .meta({ description: 'The least severe level that is written.' }),
    })
    .prefault({}),
  service_token: secret('The secret with which services show each other that they belong together.'),
};

/** Of a service: its own failpoints only, so that a test that arms a misspelt one does not pass for nothing. */
export function failpoints(names: readonly FailpointName[]) {
  const form = new RegExp(`^(${names.join('|').replaceAll('.', '\\.')}):(kill|freeze|error)(:[1-9]\\d*)?$`);
  return {
    failpoints: z
      .array(z.string().regex(form, `must be name:kill|freeze|error[:count], the name one of ${names.join(', ')}`))
      .default([])
      .meta({
        description:
          'name:kill|freeze|error[:count]: what this process does at the counted passing of a place in it, for fault tests; refused in production.',
      }),
  };
}

/** Of the services that ask session over HTTP; session_urls → SESSION_URLS serves them all. */
export const sessionUrls = {
  session_urls: z
    .array(z.url({ protocol: /^https?$/ }))
    .min(1)
    .default(['http://127.0.0.1:8200'])
    .meta({ description: 'Where the session service is reached; several are tried in turn.' }),
};

export const mysql = {
  mysql: z
    .strictObject({
      url: z
        .url({
          protocol: /^mysql$/,
          error: (issue) =>
            issue.input === undefined
              ? 'is required and has no default'
              : 'must be mysql://user:password@host:port/database',
        })
        .meta({ description: 'The database: mysql://user:password@host:port/database.', secret: true }),
      pool_size: whole({
        min: 1,
        max: 500,
        default: 10,
        description: 'Connections for requests, transitions and jobs.',
      }),
      connect_timeout_ms: whole({
        min: 100,
        max: 60_000,
        default: 5_000,
        unit: 'ms',
        description: 'How long opening a connection may take.',
      }),
    })
    // A left-out section is judged as an empty one, so that the missing url is named by its whole path.
    .prefault({} as never),
};

export const redis = {
  redis: z
    .strictObject({
      url: z
        .url({ protocol: /^rediss?$/, error: 'must be redis://[user:password@]host:port[/db], or rediss:// for TLS' })
        .default('redis://127.0.0.1:6379')
        .meta({ description: 'Redis: redis://[user:password@]host:port[/db]; rediss:// for TLS.', secret: true }),
    })
    .prefault({}),
};

const sasl = z
  .strictObject({
    mechanism: z
      .enum(['none', 'plain', 'scram-sha-256', 'scram-sha-512'])
      .default('none')
      .meta({ description: 'How this service signs in to the brokers.' }),
    username: z.string().default('').meta({ description: 'Needed unless the mechanism is none.' }),
    password: z.string().default('').meta({ description: 'Needed unless the mechanism is none.', secret: true }),
  })
  .refine((value) => value.mechanism === 'none' || (value.username !== '' && value.password !== ''), {
    message: 'username and password are required with this mechanism',
  })
  .prefault({});

export const kafka = {
  kafka: z
    .strictObject({
      brokers: z
        .array(z.string().regex(/^[^\s,]+:\d{1,5}$/, 'must be host:port'))
        .min(1)
        .default(['127.0.0.1:9092'])
        .meta({ description: 'Brokers to begin with, as host:port.' }),
      client_id: z
        .string()
        .min(1)
        .default('seqdesk')
        .meta({ description: 'What brokers call this installation in their logs and quotas.' }),
      ssl: z.boolean().default(false).meta({ description: 'Whether brokers are spoken to over TLS.' }),
      sasl,
      session_timeout_ms: whole({
        min: 1_000,
        max: 300_000,
        default: 6_000,
        unit: 'ms',
        description:
          'After this silence of a consumer others take over its partitions: the longest delay after a crash.',
      }),
      heartbeat_ms: whole({
        min: 100,
        max: 60_000,
        default: 500,
        unit: 'ms',
        description:
          'How often a consumer shows that it lives, and hears that another one left; at most a third of session_timeout_ms.',
      }),
    })
    .refine((value) => value.heartbeat_ms * 3 <= value.session_timeout_ms, {
      message: 'must be at most a third of kafka.session_timeout_ms',
      path: ['heartbeat_ms'],
    })
    .prefault({}),
};
