import { z } from 'zod';
import { listenHost, port, whole } from './setting.ts';

const limits = z
  .strictObject({
    messages_per_second: whole({
      min: 1,
      max: 100_000,
      default: 50,
      unit: 'per second',
      description: 'Events that one socket may send in the long run; more get a retryable refusal.',
    }),
    burst: whole({ min: 1, max: 100_000, default: 200, description: 'Events that one socket may send at once.' }),
    sockets_per_address: whole({
      min: 1,
      max: 1_000_000,
      default: 2_000,
      description: 'Open sockets of one client address on this replica.',
    }),
    handshakes_per_second_per_address: whole({
      min: 1,
      max: 100_000,
      default: 50,
      unit: 'per second',
      description: 'New sockets of one client address.',
    }),
    api_calls_per_second_per_address: whole({
      min: 1,
      max: 1_000_000,
      default: 500,
      unit: 'per second',
      description: 'REST calls that one client address may pass through this replica.',
    }),
  })
  .prefault({});

/** The gateway's own settings. */
export const gateway = z
  .strictObject({
    host: listenHost('The address on which clients are served.'),
    port: port(8080, 'The port on which clients are served: socket.io, /api, console and widget.'),
    ops_host: listenHost('The address of the operations port.'),
    ops_port: port(9101, 'The operations port: /healthz, /readyz, /metrics. Never expose it to the public.'),
    max_payload_bytes: whole({
      min: 1_024,
      max: 16_777_216,
      default: 131_072,
      unit: 'bytes',
      description: 'The largest frame that a socket may send; a larger one closes it.',
    }),
    limits,
    auth_deadline_ms: whole({
      min: 100,
      max: 120_000,
      default: 10_000,
      unit: 'ms',
      description: 'A connection that has not signed in by then is closed.',
    }),
    heads_seconds: whole({
      min: 1,
      max: 600,
      default: 25,
      unit: 'seconds',
      description: 'How often each client is told the heads of its sessions.',
    }),
    idle_seconds: whole({
      min: 10,
      max: 86_400,
      default: 1_800,
      unit: 'seconds',
      description: "A visitor's socket without a word or a sign for so long is closed; it reconnects on use.",
    }),
    slow_reader_bytes: whole({
      min: 65_536,
      max: 1_073_741_824,
      default: 1_048_576,
      unit: 'bytes',
      description: 'A socket with more than this waiting to be written is cut; it resumes by seq_id.',
    }),
    drain_ms: whole({
      min: 0,
      max: 600_000,
      default: 10_000,
      unit: 'ms',
      description: 'How long a stopping gateway lets its clients move elsewhere.',
    }),
    session_deadline_ms: whole({
      min: 50,
      max: 60_000,
      default: 2_000,
      unit: 'ms',
      description: 'How long the session service may take to answer a question of the gateway.',
    }),
    allowed_origins: z
      .array(z.url({ protocol: /^https?$/ }))
      .default([])
      .meta({
        description: 'Origins (https://shop.example.com) whose pages may open sockets; empty allows every origin.',
      }),
    trusted_proxies: z
      .array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]))
      .default([])
      .meta({
        description: 'Addresses or networks of reverse proxies whose X-Forwarded-For is believed; empty believes none.',
      }),
  })
  .prefault({});
