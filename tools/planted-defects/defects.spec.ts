import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { defects } from './defects.ts';

const root = join(import.meta.dirname, '..', '..');

// The tool itself takes long and runs seldom: a defect that can't be planted any more would go unnoticed.
test.each(defects)('$what: there is one place for it in $file ("$name")', ({ file, find, replace }) => {
  expect(readFileSync(join(root, file), 'utf8').split(find)).toHaveLength(2);
  expect(replace).not.toBe(find);
});

test.each([...new Set(defects.map(({ test: path }) => path))])('%s, which must notice some, is there', (path) => {
  expect(existsSync(join(root, path))).toBe(true);
});
