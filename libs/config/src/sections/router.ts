import { z } from 'zod';
import { listenHost, port, whole } from './setting.ts';

/** The router's own settings. */
export const router = z
  .strictObject({
    ops_host: listenHost('The address of the operations port.'),
    ops_port: port(9103, 'The operations port: /healthz, /readyz, /metrics. Never expose it to the public.'),
    session_deadline_ms: whole({
      min: 50,
      max: 60_000,
      default: 2_000,
      unit: 'ms',
      description: 'How long the session service may take to answer a question of the router.',
    }),
    drain_ms: whole({
      min: 0,
      max: 600_000,
      default: 10_000,
      unit: 'ms',
      description: 'How long a stopping replica may take to finish what it began.',
    }),
  })
  .prefault({});
