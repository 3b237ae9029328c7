import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { waitUntil } from '#libs/testing';
import { SessionFixture } from '../../fixture/session-fixture.ts';

/** As many as are met in one go. */
const BATCH = 100;
let fixture: SessionFixture;
beforeAll(async () => (fixture = await SessionFixture.open()));
afterAll(() => fixture.close());

test('requests that can not be met keep nobody from being met who stands behind them', async () => {
  await fixture.database.query(
    `INSERT INTO queue_requests (session_id, requested_at) VALUES ${Array.from({ length: BATCH }, (_, index) => `('ses_${index}', NOW(6) - INTERVAL 1 HOUR)`).join(', ')}`,
  );
  const { session_id } = await fixture.session();
  await fixture.database.query('INSERT INTO queue_requests (session_id, requested_at) VALUES (?, NOW(6))', [
    session_id,
  ]);
  const run = fixture.commands.runAsEngine.bind(fixture.commands);
  vi.spyOn(fixture.commands, 'runAsEngine').mockImplementation(async (id, ...command) => {
    if (id !== session_id) throw new Error('broken');
    return run(id, ...command);
  });
  fixture.queueRequests.kick();
  await waitUntil('it to be met', async () => {
    const left = await fixture.database.query('SELECT 1 FROM queue_requests WHERE session_id = ?', [session_id]);
    return left.length === 0;
  });
  // Those are left to the next sweep.
  expect(await fixture.database.query('SELECT 1 FROM queue_requests')).toHaveLength(BATCH);
});
