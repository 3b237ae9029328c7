import { expect, test } from 'vitest';
import { createLogger } from '#libs/observability';
import { KickedJob } from './kicked-job.ts';

const log = createLogger({ service: 'session', level: 'silent' });
const TURNS = 8;

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}

test.each(Array.from({ length: TURNS }, (_, turn) => turn))(
  'a kick %i turns after the work is done makes it look once more',
  async (count) => {
    let runs = 0;
    const job = new KickedJob(
      'a test',
      async () => {
        runs += 1;
        if (runs === 1) void turns(count).then(() => job.kick());
      },
      log,
    );
    job.kick();
    await turns(4 * TURNS);
    expect(runs).toBe(2);
  },
);

test('a kick during a run that fails makes it look once more, and only then', async () => {
  let runs = 0;
  const job = new KickedJob(
    'a test',
    async () => {
      runs += 1;
      if (runs === 1) job.kick();
      throw new Error('broken');
    },
    log,
  );
  job.kick();
  await turns(4 * TURNS);
  expect(runs).toBe(2);
});

test('who stops it finds nothing under way', async () => {
  let isRunning = false;
  const job = new KickedJob(
    'a test',
    async () => {
      isRunning = true;
      await turns(TURNS);
      isRunning = false;
    },
    log,
  );
  job.kick();
  job.kick();
  await job.stop();
  expect(isRunning).toBe(false);
});
