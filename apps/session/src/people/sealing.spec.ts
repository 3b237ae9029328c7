import { expect, test } from 'vitest';
import { Sealing } from './sealing.ts';

test('a fingerprint is the same for the same text under the same key only', () => {
  const sealing = new Sealing('one key');
  expect(sealing.fingerprint('a body')).toBe(new Sealing('one key').fingerprint('a body'));
  expect(sealing.fingerprint('a body')).not.toBe(sealing.fingerprint('another body'));
  expect(sealing.fingerprint('a body')).not.toBe(new Sealing('another key').fingerprint('a body'));
});

test('what is sealed opens under the same key only, and not when it was changed', () => {
  const sealing = new Sealing('one key');
  const sealed = sealing.seal('a secret 秘密');
  expect(sealed).not.toContain('secret');
  expect(sealing.open(sealed)).toBe('a secret 秘密');
  expect(() => new Sealing('another key').open(sealed)).toThrow();
  const changed = Buffer.from(sealed, 'base64');
  changed.writeUInt8(changed.readUInt8(changed.length - 1) ^ 1, changed.length - 1);
  expect(() => sealing.open(changed.toString('base64'))).toThrow();
});
