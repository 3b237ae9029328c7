import { z } from 'zod';

const password = z.string().min(12);

/**
 * What the demo's seed writes; given by the start script, never part of a service's settings nor of default.yaml.
 * SEED_AGENTS holds JSON.
 */
export const seed = {
  seed: z
    .strictObject({
      admin_username: z.string().min(1).default('admin').meta({ description: 'The first admin.' }),
      admin_password: password.meta({ description: "The first admin's password.", secret: true }),
      api_key: z
        .string()
        .regex(/^sk_[A-Za-z0-9_-]{32,}$/, 'must be sk_ and at least 32 letters or digits')
        .meta({ description: "The demo's API key, with every scope.", secret: true }),
      identity_secret: z.string().min(32).meta({ description: "The demo channel's identity secret.", secret: true }),
      agents: z
        .array(z.strictObject({ username: z.string().min(1), password, name: z.string().min(1) }))
        .default([])
        .meta({ description: "The demo's agents.", secret: true }),
    })
    // A left-out section is judged as an empty one, so that what is missing is named by its whole path.
    .prefault({} as never),
};
