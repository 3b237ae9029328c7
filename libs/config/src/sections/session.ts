import { z } from 'zod';
import { listenHost, port, whole } from './setting.ts';

const batch = z
  .strictObject({
    max_records: whole({
      min: 1,
      max: 5_000,
      default: 500,
      description: 'The most messages that the writer stores with one insert.',
    }),
    store_offsets_ms: whole({
      min: 10,
      max: 60_000,
      default: 500,
      unit: 'ms',
      description: 'How often the writer stores its place in the inbound topic.',
    }),
  })
  .prefault({});

const login = z
  .strictObject({
    attempts_per_minute: whole({
      min: 1,
      max: 100_000,
      default: 10,
      unit: 'per minute',
      description: 'Sign-ins that one address may try for one name.',
    }),
    lock_after_failures: whole({
      min: 1,
      max: 1_000,
      default: 10,
      description: 'Failed sign-ins in a row that lock an account.',
    }),
    lock_minutes: whole({
      min: 1,
      max: 10_080,
      default: 15,
      unit: 'minutes',
      description: 'How long a locked account stays locked.',
    }),
  })
  .prefault({});

const limits = z
  .strictObject({
    api_calls_per_second: whole({
      min: 1,
      max: 1_000_000,
      default: 100,
      unit: 'per second',
      description: 'REST calls of one API key or person in the long run.',
    }),
    api_burst: whole({
      min: 1,
      max: 1_000_000,
      default: 200,
      description: 'REST calls of one API key or person at once.',
    }),
  })
  .prefault({});

/** The session service's own settings. */
export const session = z
  .strictObject({
    host: listenHost('The address on which the other services reach this one.'),
    port: port(8200, 'The port of REST and of the questions of other services; clients come through the gateway.'),
    ops_host: listenHost('The address of the operations port.'),
    ops_port: port(9102, 'The operations port: /healthz, /readyz, /metrics. Never expose it to the public.'),
    roles: z
      .array(z.enum(['api', 'log', 'jobs']))
      .min(1)
      .default(['api', 'log', 'jobs'])
      .meta({
        description: 'What this replica does: api answers REST, log writes messages, jobs run timers and outbox.',
      }),
    access_token_seconds: whole({
      min: 30,
      max: 86_400,
      default: 900,
      unit: 'seconds',
      description: "How long a person's access token is valid.",
    }),
    refresh_token_days: whole({
      min: 1,
      max: 365,
      default: 30,
      unit: 'days',
      description: 'How long a person stays signed in without a visit.',
    }),
    visitor_token_days: whole({
      min: 1,
      max: 3_650,
      default: 30,
      unit: 'days',
      description: "How long a visitor's token is valid; each visit renews it.",
    }),
    presence_grace_seconds: whole({
      // Longer than an emptied Redis needs to be filled again.
      min: 10,
      max: 3_600,
      default: 60,
      unit: 'seconds',
      description:
        "How long an agent may be gone before the agent's sessions go back to the queue; gone is who has had no socket, and made no call for 30 s.",
    }),
    batch,
    login,
    limits,
    drain_ms: whole({
      min: 0,
      max: 600_000,
      default: 10_000,
      unit: 'ms',
      description: 'How long a stopping replica may take to finish what it began.',
    }),
  })
  .prefault({});
