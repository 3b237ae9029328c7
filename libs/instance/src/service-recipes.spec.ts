import { expect, test } from 'vitest';
import { makeSecrets } from './secrets.ts';
import { planServices } from './service-recipes.ts';

const plan = {
  root: '/project',
  urls: { mysql_url: 'mysql://m', redis_url: 'redis://r', kafka_brokers: 'k:1' },
  secrets: makeSecrets(),
  replicas: { gateway: 2, router: 1, session: 2 },
  port: 8080,
  logDir: '/logs',
  env: { PATH: '/bin' },
  serviceEnv: { session: { FAILPOINTS: 'log.after_insert:kill' } },
  onSpawn: () => undefined,
};

test('gateways listen on the port and the next ones, and know every session', async () => {
  const recipes = await planServices(plan);
  const gateways = recipes.filter(({ name }) => name === 'gateway');
  const sessions = recipes.filter(({ name }) => name === 'session');
  expect(gateways.map(({ env }) => env['GATEWAY_PORT'])).toEqual(['8080', '8081']);
  const urls = sessions.map(({ port }) => `http://127.0.0.1:${port}`).join(',');
  expect(gateways.map(({ env }) => env['SESSION_URLS'])).toEqual([urls, urls]);
});

test('only session holds the way to the database and the key of its secrets', async () => {
  const holders = (await planServices(plan)).filter(({ env }) => env['MYSQL_URL'] ?? env['SECRETS_KEY']);
  expect(new Set(holders.map(({ name }) => name))).toEqual(new Set(['session']));
});

test('what a test sets for a service reaches that service only', async () => {
  const armed = (await planServices(plan)).filter(({ env }) => env['FAILPOINTS'] === 'log.after_insert:kill');
  expect(armed.map(({ name, replica }) => `${name} ${replica}`)).toEqual(['session 0', 'session 1']);
});
