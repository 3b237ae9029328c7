import { expect, test } from 'vitest';
import { Refusal } from '#libs/contracts';
import { createLogger } from '#libs/observability';
import { doEach } from './each.ts';

const to = { what: 'a test', log: createLogger({ service: 'session', level: 'silent' }) };

/** Which were begun, and which failed, when these errors await them. */
async function run(...errors: (Error | undefined)[]) {
  const begun: number[] = [];
  const failed = await doEach(
    errors.map((_, index) => index),
    async (index) => {
      begun.push(index);
      const error = errors[index];
      if (error) throw error;
    },
    to,
  );
  return { begun, failed };
}

test('what stands behind one that fails has its turn', async () => {
  expect(await run(new Error('broken'), undefined)).toEqual({ begun: [0, 1], failed: [0] });
});

test('a refusal is no failure', async () => {
  expect(await run(new Refusal('STATE_CONFLICT'), undefined)).toEqual({ begun: [0, 1], failed: [] });
});

test('when the database is away, the rest is not tried', async () => {
  const away = Object.assign(new Error('gone'), { code: 'ECONNREFUSED' });
  await expect(run(away, undefined)).rejects.toBe(away);
});
