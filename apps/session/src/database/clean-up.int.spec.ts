import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { log, SessionFixture } from '../../fixture/session-fixture.ts';
import { CleanUp } from './clean-up.ts';

let fixture: SessionFixture;
beforeAll(async () => {
  fixture = await SessionFixture.open();
});
afterAll(() => fixture.close());

test('what is outdated goes, however much it is, and the rest stays', async () => {
  const insert = (days: number, count: number) => {
    const rows = Array.from(
      { length: count },
      () => `('${randomUUID()}', 'family', 'agent', NOW(6) + INTERVAL ${days} DAY)`,
    );
    return fixture.database.query(
      `INSERT INTO refresh_tokens (token_hash, family_id, agent_id, expires_at) VALUES ${rows.join(', ')}`,
    );
  };
  await insert(-1, 1_200);
  await insert(1, 3);
  await new CleanUp(fixture.dataSource, log).run();
  const left = await fixture.database.query('SELECT COUNT(*) AS n FROM refresh_tokens');
  expect(Number(left[0]?.['n'])).toBe(3);
});
