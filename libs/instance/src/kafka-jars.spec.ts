import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hasKafkaJars, type KafkaJars } from './kafka-jars.ts';

let folder: string;
let jars: KafkaJars;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kafka-jars-'));
  jars = { pinDir: folder, jarDir: join(folder, 'jars') };
  mkdirSync(jars.jarDir);
  writeFileSync(join(folder, 'SHA256SUMS'), `${createHash('sha256').update('good').digest('hex')}  a.jar\n`);
});
afterEach(() => rmSync(folder, { recursive: true }));

test('the jars of the list are accepted', async () => {
  writeFileSync(join(jars.jarDir, 'a.jar'), 'good');
  expect(await hasKafkaJars(jars)).toBe(true);
});

test.each([
  ['missing', {}],
  ['changed', { 'a.jar': 'evil' }],
  ['accompanied by one that is not on the list', { 'a.jar': 'good', 'b.jar': 'more' }],
])('a jar that is %s is refused', async (_, files) => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(jars.jarDir, name), text);
  expect(await hasKafkaJars(jars)).toBe(false);
});
