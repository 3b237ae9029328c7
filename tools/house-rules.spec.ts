import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

/** A small house: what is allowed stands beside one violation of each rule. */
const files: Record<string, string> = {
  'libs/protocol/src/index.ts': `export const a = 1;`,
  'libs/protocol/src/reader.ts': `import { readFileSync } from 'node:fs';\nexport const b = readFileSync;`,
  'libs/contracts/src/index.ts': `import { a } from '#libs/protocol';\nimport { z } from 'zod';\nexport type A = typeof a;\nexport const s = z.string();`,
  'libs/contracts/src/token.ts': `import { SignJWT } from 'jose';\nexport const t = SignJWT;`,
  'libs/domain/src/index.ts': `import type { A } from '#libs/contracts';\nexport const fine: A = 1;`,
  'libs/domain/src/schema.ts': `import { s } from '#libs/contracts';\nexport const x = s;`,
  'libs/domain/src/clock.ts': `import { performance } from 'node:perf_hooks';\nexport const now = performance.now();`,
  'libs/client/src/index.ts': `import type { A } from '#libs/contracts';\nimport { io } from 'socket.io-client';\nexport const c: [A, unknown] = [1, io];`,
  'libs/client/src/schema.ts': `import { s } from '#libs/contracts';\nexport const x = s;`,
  'libs/client/src/file.ts': `import { readFileSync } from 'node:fs';\nexport const x = readFileSync;`,
  'libs/config/src/index.ts': `export const config = 1;`,
  'libs/observability/src/index.ts': `import { config } from '#libs/config';\nexport const o = config;`,
  'libs/kafka/src/index.ts': `import { Kafka } from 'kafkajs';\nexport const k = Kafka;`,
  'libs/kafka/src/settings.ts': `import { config } from '#libs/config';\nexport const x = config;`,
  'libs/redis/src/index.ts': `import { Redis } from 'ioredis';\nexport const r = Redis;`,
  'libs/redis/src/settings.ts': `import { config } from '#libs/config';\nexport const x = config;`,
  'libs/redis/src/topic.ts': `import { k } from '#libs/kafka';\nexport const x = k;`,
  'libs/config/src/topic.ts': `import { k } from '#libs/kafka';\nexport const x = k;`,
  'libs/config/src/app.ts': `import { x } from '../../../apps/router/src/feature/rule.ts';\nexport const y = x;`,
  'libs/testing/src/index.ts': `export const fake = 1;`,
  'apps/router/src/feature/rule.ts': `import { fine } from '#libs/domain';\nexport const x = fine;`,
  'apps/router/src/feature/deep.ts': `import { x } from '../../../../libs/domain/src/clock.ts';\nexport const y = x;`,
  'apps/router/src/feature/other.ts': `import { x } from '../../../gateway/src/feature/rule.ts';\nexport const y = x;`,
  'apps/router/src/feature/bare.consumer.ts': `import { Kafka } from 'kafkajs';\nexport const x = Kafka;`,
  'apps/router/src/feature/rows.store.ts': `import { DataSource } from 'typeorm';\nexport const x = DataSource;`,
  'apps/router/src/feature/fake.ts': `import { fake } from '#libs/testing';\nexport const x = fake;`,
  'apps/router/src/feature/fake.spec.ts': `import { fake } from '#libs/testing';\nimport { test } from 'vitest';\nexport const x = [fake, test];`,
  'apps/router/src/feature/runner.ts': `import { test } from 'vitest';\nexport const x = test;`,
  'apps/router/src/feature/script.ts': `import { x } from '../../../../scripts/x.mjs';\nexport const y = x;`,
  'apps/router/src/feature/lost.ts': `import { x } from './nowhere.ts';\nexport const y = x;`,
  'apps/gateway/src/feature/rule.ts': `import Redis from 'ioredis';\nexport const x = Redis;`,
  'apps/gateway/src/feature/pushes.gateway.ts': `import { Server } from 'socket.io';\nexport const x = Server;`,
  'apps/gateway/src/feature/back.ts': `import { x } from './pushes.gateway.ts';\nexport const y = x;`,
  'apps/session/src/feature/rows.store.ts': `import { DataSource } from 'typeorm';\nexport const x = DataSource;`,
  'apps/session/src/feature/chicken.ts': `import { egg } from './egg.ts';\nexport const chicken = () => egg;`,
  'apps/session/src/feature/egg.ts': `import { chicken } from './chicken.ts';\nexport const egg = () => chicken;`,
  'scripts/x.mjs': `export const x = 1;`,
};

interface Report {
  summary: {
    violations: { from: string; rule: { name: string } }[];
    ruleSetUsed: { forbidden: { name: string }[] };
  };
}

let house: string;
let rules: string[];
let refused: string[];

beforeAll(async () => {
  house = await mkdtemp(join(tmpdir(), 'seqdesk-house-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(house, path)), { recursive: true });
    await writeFile(join(house, path), text);
  }
  for (const shared of ['package.json', 'node_modules', '.dependency-cruiser.mjs']) {
    await symlink(join(root, shared), join(house, shared));
  }
  const { summary } = await cruise(house);
  rules = summary.ruleSetUsed.forbidden.map(({ name }) => name);
  refused = summary.violations.map(({ from, rule }) => `${rule.name}: ${from}`);
}, 30_000);

afterAll(() => rm(house, { recursive: true }));

function cruise(cwd: string): Promise<Report> {
  const program = join(root, 'node_modules/.bin/depcruise');
  const args = ['--config', '.dependency-cruiser.mjs', '--output-type', 'json', 'apps', 'libs', 'scripts'];
  return new Promise((resolve, reject) => {
    // The program ends with the number of violations, so its exit code says nothing about whether it ran.
    execFile(program, args, { cwd, maxBuffer: 64 * 1024 * 1024 }, (error, stdout) => {
      if (stdout === '') reject(new Error('dependency-cruiser printed nothing', { cause: error }));
      else resolve(JSON.parse(stdout) as Report);
    });
  });
}

describe('the house plan', () => {
  test.each([
    ['protocol-pure', 'libs/protocol/src/reader.ts'],
    ['contracts-pure', 'libs/contracts/src/token.ts'],
    ['domain-types-only', 'libs/domain/src/schema.ts'],
    ['domain-pure', 'libs/domain/src/clock.ts'],
    ['client-types-only', 'libs/client/src/schema.ts'],
    ['client-light', 'libs/client/src/file.ts'],
    ['told-its-settings', 'libs/kafka/src/settings.ts'],
    ['told-its-settings', 'libs/redis/src/settings.ts'],
    ['technical-lib-alone', 'libs/config/src/topic.ts'],
    ['technical-lib-alone', 'libs/redis/src/topic.ts'],
    ['lib-without-app', 'libs/config/src/app.ts'],
    ['lib-by-its-index', 'apps/router/src/feature/deep.ts'],
    ['app-alone', 'apps/router/src/feature/other.ts'],
    ['kafka-behind-libs-kafka', 'apps/router/src/feature/bare.consumer.ts'],
    ['database-in-session', 'apps/router/src/feature/rows.store.ts'],
    ['testing-in-tests', 'apps/router/src/feature/fake.ts'],
    ['shipped-dependency', 'apps/router/src/feature/runner.ts'],
    ['house-not-workshop', 'apps/router/src/feature/script.ts'],
    ['resolvable', 'apps/router/src/feature/lost.ts'],
    ['plain-file-plain', 'apps/gateway/src/feature/rule.ts'],
    ['plain-file-without-edge', 'apps/gateway/src/feature/back.ts'],
    ['no-circle', 'apps/session/src/feature/chicken.ts'],
  ])('%s refuses %s', (rule, file) => {
    expect(refused).toContain(`${rule}: ${file}`);
  });

  test('every rule was seen to refuse something', () => {
    expect(rules.length).toBeGreaterThan(0);
    expect(rules.filter((rule) => !refused.some((line) => line.startsWith(`${rule}: `)))).toEqual([]);
  });

  test.each([
    'libs/contracts/src/index.ts',
    'libs/domain/src/index.ts',
    'libs/client/src/index.ts',
    'libs/observability/src/index.ts',
    'libs/kafka/src/index.ts',
    'libs/redis/src/index.ts',
    'apps/router/src/feature/rule.ts',
    'apps/router/src/feature/fake.spec.ts',
    'apps/gateway/src/feature/pushes.gateway.ts',
    'apps/session/src/feature/rows.store.ts',
  ])('%s is allowed', (file) => {
    expect(refused.filter((line) => line.endsWith(`: ${file}`))).toEqual([]);
  });
});
