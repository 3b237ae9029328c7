import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepSecrets, makeSecrets } from './secrets.ts';

let file: string;
beforeEach(() => {
  file = join(mkdtempSync(join(tmpdir(), 'secrets-')), 'secrets.json');
});
afterEach(() => rmSync(join(file, '..'), { recursive: true }));

test('secrets survive a restart, and only their owner may read them', () => {
  const first = keepSecrets(file);
  expect(keepSecrets(file)).toEqual(first);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a secret that a newer version needs is added to those that are kept', () => {
  const { api_key, ...older } = keepSecrets(file);
  writeFileSync(file, JSON.stringify(older));
  const completed = keepSecrets(file);
  expect(completed).toMatchObject(older);
  expect(completed.api_key).toMatch(/^sk_[0-9a-f]{48}$/);
  expect(completed.api_key).not.toBe(api_key);
});

test('a damaged file stops the start and stays as it is: new secrets would not fit the database', () => {
  writeFileSync(file, '{"mysql_pass');
  expect(() => keepSecrets(file)).toThrow('is no JSON');
  expect(readFileSync(file, 'utf8')).toBe('{"mysql_pass');
});

test('no two are alike', () => {
  const both = [makeSecrets(), makeSecrets()].flatMap(({ agent_passwords, ...others }) => [
    ...agent_passwords,
    ...Object.values(others),
  ]);
  expect(new Set(both).size).toBe(both.length);
});
