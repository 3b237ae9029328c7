import { z } from 'zod';
import { failpointNames } from './failpoint-names.ts';
import { first } from './sections/first.ts';
import { gateway } from './sections/gateway.ts';
import { router } from './sections/router.ts';
import { secret } from './sections/secret.ts';
import { seed } from './sections/seed.ts';
import { session } from './sections/session.ts';
import { failpoints, kafka, mysql, redis, sessionUrls, shared } from './sections/shared.ts';
import { type Config, defineService } from './service.ts';

const secretsKey = {
  secrets_key: secret(
    'The key under which session encrypts what it keeps secret in the database; changing it loses them.',
  ),
};

/** What gateway reads. */
export const gatewayConfig = defineService({
  ...shared,
  ...failpoints(failpointNames.gateway),
  ...sessionUrls,
  ...redis,
  ...kafka,
  gateway,
});
/** What router reads. */
export const routerConfig = defineService({
  ...shared,
  ...failpoints(failpointNames.router),
  ...sessionUrls,
  ...redis,
  ...kafka,
  router,
});
/** What session reads. */
export const sessionConfig = defineService({
  ...shared,
  ...failpoints(failpointNames.session),
  ...secretsKey,
  ...mysql,
  ...redis,
  ...kafka,
  session,
});

/** What the database's migration reads. */
export const migrationConfig = defineService({ log: shared.log, ...mysql });
/** What puts an installation's first admin, team, channel and key in place. */
export const firstDataConfig = defineService({ log: shared.log, ...secretsKey, ...mysql, ...first });
/** What the demo's seed reads. */
export const seedConfig = defineService({ ...shared, ...secretsKey, ...mysql, ...seed });

export type GatewayConfig = Config<typeof gatewayConfig>;
export type RouterConfig = Config<typeof routerConfig>;
export type SessionConfig = Config<typeof sessionConfig>;

/** Settings of the beginning only, beside all others. */
export const firstSettings = z.strictObject(first);

/** Every setting there is, in the order of config/default.yaml: one file may serve all services. */
export const allSettings = z.strictObject({
  ...shared,
  ...failpoints(Object.values(failpointNames).flat()),
  ...secretsKey,
  ...mysql,
  ...redis,
  ...kafka,
  ...sessionUrls,
  gateway,
  session,
  router,
});
