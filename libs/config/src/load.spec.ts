import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  ConfigError,
  firstDataConfig,
  gatewayConfig,
  loadConfig,
  migrationConfig,
  renderDefaultYaml,
  routerConfig,
  seedConfig,
  sessionConfig,
} from './index.ts';
import { allSettings } from './services.ts';
import { listSettings } from './setting-tree.ts';

const folder = mkdtempSync(join(tmpdir(), 'seqdesk-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const env = {
  SERVICE_TOKEN: 'n1Q2b3V4c5X6z7A8s9D0fGkjHqWpoEiRu',
  SECRETS_KEY: 'kk2Q9b3V4c5X6z7A8s9D0fGkjHqWpoEiR',
  MYSQL_URL: 'mysql://seqdesk:x@127.0.0.1:3306/seqdesk',
};
const argv: string[] = [];
const AT_GATEWAY = 'gateway.after_produce:error';

function yaml(text: string): string {
  const file = join(mkdtempSync(join(folder, 'case-')), 'settings.yaml');
  writeFileSync(file, text);
  return file;
}

function problemsOf(load: () => unknown): string[] {
  try {
    load();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

describe('where a value comes from', () => {
  test('without anything, from the default', () => {
    expect(loadConfig(gatewayConfig, { env, argv }).gateway.limits.messages_per_second).toBe(50);
  });

  test('the file stands over the default, the environment over the file', () => {
    const file = yaml('gateway: { port: 1000, ops_port: 2000 }');
    const { gateway } = loadConfig(gatewayConfig, { env: { ...env, GATEWAY_PORT: '3000' }, file });
    expect([gateway.port, gateway.ops_port]).toEqual([3000, 2000]);
  });

  test('--config is taken before SEQDESK_CONFIG', () => {
    const named = yaml('gateway: { port: 1 }');
    const fromEnv = { ...env, SEQDESK_CONFIG: yaml('gateway: { port: 2 }') };
    expect(loadConfig(gatewayConfig, { env: fromEnv, argv }).gateway.port).toBe(2);
    expect(loadConfig(gatewayConfig, { env: fromEnv, argv: ['--config', named] }).gateway.port).toBe(1);
    expect(loadConfig(gatewayConfig, { env: fromEnv, argv: [`--config=${named}`] }).gateway.port).toBe(1);
  });

  test('lists are split at commas, booleans and numbers read, empty variables left out', () => {
    const config = loadConfig(gatewayConfig, {
      env: { ...env, KAFKA_BROKERS: 'a:9092, b:9092', KAFKA_SSL: 'true', REDIS_URL: '', FAILPOINTS: AT_GATEWAY },
      argv,
    });
    expect(config.kafka.brokers).toEqual(['a:9092', 'b:9092']);
    expect(config.kafka.ssl).toBe(true);
    expect(config.redis.url).toBe('redis://127.0.0.1:6379');
    expect(config.failpoints).toEqual([AT_GATEWAY]);
  });

  test('a list of more than words is read from JSON; broken JSON is refused', () => {
    const agents = [{ username: 'anna', password: 'long-enough-for-us', name: 'Anna' }];
    const seeded = {
      ...env,
      SEED_ADMIN_PASSWORD: 'long-enough-for-us',
      SEED_API_KEY: `sk_${'a1'.repeat(20)}`,
      SEED_IDENTITY_SECRET: 'b2'.repeat(20),
    };
    const load = (SEED_AGENTS: string) => loadConfig(seedConfig, { env: { ...seeded, SEED_AGENTS }, argv });
    expect(load(JSON.stringify(agents)).seed.agents).toEqual(agents);
    expect(problemsOf(() => load('[{'))).toEqual([expect.stringMatching(/^seed.agents: /)]);
  });

  test('a migration needs no secrets', () => {
    const { mysql } = loadConfig(migrationConfig, { env: { MYSQL_URL: env.MYSQL_URL }, argv });
    expect(mysql.url).toBe(env.MYSQL_URL);
  });

  test('SESSION_URLS serves gateway and router', () => {
    const urls = { ...env, SESSION_URLS: 'http://127.0.0.1:1,http://127.0.0.1:2' };
    for (const schema of [gatewayConfig, routerConfig]) {
      expect(loadConfig(schema, { env: urls, argv }).session_urls).toEqual([
        'http://127.0.0.1:1',
        'http://127.0.0.1:2',
      ]);
    }
  });

  test('one file may hold the settings of every service, and of empty sections', () => {
    const file = yaml('session: { port: 1 }\nrouter: { ops_port: 2 }\nkafka:\n');
    expect(loadConfig(routerConfig, { env, file }).router.ops_port).toBe(2);
  });

  test('the generated file says what holds without it', () => {
    const file = yaml(renderDefaultYaml());
    expect(loadConfig(sessionConfig, { env, file })).toEqual(loadConfig(sessionConfig, { env, argv }));
  });
});

describe('what stops the start', () => {
  test.each([
    [
      'a misspelt key of the file',
      () => loadConfig(gatewayConfig, { env, file: yaml('gateway: { prot: 1 }') }),
      'gateway.prot',
    ],
    ['an unknown section', () => loadConfig(gatewayConfig, { env, file: yaml('getaway: { port: 1 }') }), 'getaway'],
    [
      "another service's misspelt key",
      () => loadConfig(gatewayConfig, { env, file: yaml('session: { p: 1 }') }),
      'session.p',
    ],
    [
      'a misspelt variable',
      () => loadConfig(gatewayConfig, { env: { ...env, GATEWAY_PROT: '1' }, argv }),
      'GATEWAY_PROT',
    ],
    [
      'text for a number',
      () => loadConfig(gatewayConfig, { env: { ...env, GATEWAY_PORT: 'x' }, argv }),
      'gateway.port',
    ],
    [
      'a number out of range',
      () => loadConfig(gatewayConfig, { env, file: yaml('gateway: { port: 70000 }') }),
      'gateway.port',
    ],
    ['a section that is none', () => loadConfig(gatewayConfig, { env, file: yaml('gateway: 3') }), 'gateway'],
    [
      'an unknown role',
      () => loadConfig(sessionConfig, { env: { ...env, SESSION_ROLES: 'api,x' }, argv }),
      'session.roles.1',
    ],
    ['a missing database', () => loadConfig(sessionConfig, { env: { ...env, MYSQL_URL: '' }, argv }), 'mysql.url'],
    [
      'a slow heartbeat',
      () => loadConfig(routerConfig, { env: { ...env, KAFKA_HEARTBEAT_MS: '5000' }, argv }),
      'kafka.heartbeat_ms',
    ],
    [
      'SASL without a name',
      () => loadConfig(routerConfig, { env: { ...env, KAFKA_SASL_MECHANISM: 'plain' }, argv }),
      'kafka.sasl',
    ],
  ])('%s, named by its path', (_case, load, path) => {
    expect(problemsOf(load)).toEqual([expect.stringMatching(new RegExp(`^${path.replaceAll('.', '\\.')}: `))]);
  });

  test('a file that is not there or is no YAML', () => {
    const missing = join(folder, 'missing.yaml');
    expect(problemsOf(() => loadConfig(gatewayConfig, { env, file: missing }))[0]).toContain(missing);
    expect(problemsOf(() => loadConfig(gatewayConfig, { env, file: yaml('a: [') }))[0]).toContain('cannot be read');
  });

  test.each([
    ['missing', undefined],
    ['short', 'n1Q2b3V4c5'],
    ['uniform', 'a'.repeat(64)],
    ['a placeholder', 'please-changeme-0f9a8b7c6d5e4f3a2b1c'],
  ])('a secret that is %s, and the message does not tell it', (_case, value) => {
    const problems = problemsOf(() => loadConfig(gatewayConfig, { env: { ...env, SERVICE_TOKEN: value }, argv }));
    expect(problems).toEqual([expect.stringMatching(/^service_token: /)]);
    if (value) expect(problems.join()).not.toContain(value);
  });

  test.each([
    ['FIRST_ADMIN_PASSWORD', 'missing', undefined],
    ['FIRST_ADMIN_PASSWORD', 'short', 'k7Q2x9fMw1z'],
    ['FIRST_ADMIN_PASSWORD', 'a placeholder', 'password-2026'],
    ['FIRST_IDENTITY_SECRET', 'missing', undefined],
    ['FIRST_API_KEY', 'no key', 'k7Q2x9fMw1z4k7Q2x9fMw1z4k7Q2x9fMw1z4'],
    ['FIRST_ADMIN_USERNAME', 'no name', 'an admin'],
  ])('a %s of the beginning that is %s', (name, _case, value) => {
    const beginning = {
      ...env,
      FIRST_ADMIN_PASSWORD: 'k7Q2x9fMw1z4',
      FIRST_IDENTITY_SECRET: 'b2V4c5X6z7A8s9D0fGkjHqWpoEiRu1yT',
      FIRST_API_KEY: '',
    };
    expect(problemsOf(() => loadConfig(firstDataConfig, { env: beginning, argv }))).toEqual([]);
    const path = name.toLowerCase().replace('_', '.');
    expect(problemsOf(() => loadConfig(firstDataConfig, { env: { ...beginning, [name]: value }, argv }))).toEqual([
      expect.stringMatching(new RegExp(`^${path}: `)),
    ]);
  });

  test('one secret used for two things', () => {
    const twice = { ...env, SECRETS_KEY: env.SERVICE_TOKEN };
    expect(problemsOf(() => loadConfig(sessionConfig, { env: twice, argv }))).toEqual([
      'secrets_key: must differ from service_token',
    ]);
  });

  test('failpoints in production, but not in a test installation', () => {
    const armed = { ...env, FAILPOINTS: 'log.after_insert:kill:20' };
    expect(problemsOf(() => loadConfig(sessionConfig, { env: { ...armed, PRODUCTION: 'true' }, argv }))).toEqual([
      'failpoints: is refused in production',
    ]);
    expect(problemsOf(() => loadConfig(sessionConfig, { env: armed, argv }))).toEqual([]);
  });

  test.each(['log.after_insrt:kill', 'gateway.after_produce:kill', 'log.after_insert', 'log.after_insert:kill:0'])(
    'failpoint %s, which session does not know',
    (entry) => {
      const armed = { ...env, FAILPOINTS: `log.before_insert:freeze,${entry}` };
      expect(problemsOf(() => loadConfig(sessionConfig, { env: armed, argv }))).toEqual([
        expect.stringMatching(/^failpoints\.1: .*log\.before_insert/),
      ]);
    },
  );

  test("variables that Kubernetes adds are refused with the way out, a desktop's own are not", () => {
    const pod = { ...env, GATEWAY_SERVICE_HOST: '10.0.0.1', SESSION_MANAGER: 'local/desk' };
    expect(problemsOf(() => loadConfig(routerConfig, { env: pod, argv }))).toEqual([
      expect.stringMatching(/^GATEWAY_SERVICE_HOST: .*enableServiceLinks/),
    ]);
  });
});

test('what is loaded cannot be changed, however deep', () => {
  const config = loadConfig(gatewayConfig, { env, argv });
  expect(Object.isFrozen(config.gateway.limits)).toBe(true);
  expect(Object.isFrozen(config.kafka.brokers)).toBe(true);
});

test('no two keys share a variable', () => {
  const names = listSettings(allSettings).map((setting) => setting.env);
  expect(new Set(names).size).toBe(names.length);
});
