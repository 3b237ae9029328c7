import { afterAll, beforeAll, expect, test } from 'vitest';
import { SessionFixture } from '../../fixture/session-fixture.ts';
import { HeadsReader } from '../log/heads.ts';
import { InternalController } from './internal.controller.ts';

let fixture: SessionFixture;
let internal: InternalController;
beforeAll(async () => {
  fixture = await SessionFixture.open();
  const { sessions, marks, agents } = fixture;
  internal = new InternalController(
    new HeadsReader(fixture.dataSource),
    sessions,
    undefined as never,
    marks,
    agents,
    fixture.lifecycle.notes,
  );
});
afterAll(() => fixture.close());

test('an agent who has connected is here at once', async () => {
  const agent_id = await fixture.agent();
  await fixture.database.query('UPDATE agents SET absent_since = NOW(6) WHERE agent_id = ?', [agent_id]);
  await internal.connected({ agent_ids: [agent_id] });
  expect(await fixture.database.query('SELECT 1 FROM agents WHERE absent_since IS NOT NULL')).toEqual([]);
});

test('a question for heads brings nobody here: it is asked with each heartbeat', async () => {
  const agent_id = await fixture.agent();
  await fixture.database.query('UPDATE agents SET absent_since = NOW(6) WHERE agent_id = ?', [agent_id]);
  expect(await internal.heads({ readers: [agent_id], watched: [] })).toMatchObject({ heads: { [agent_id]: {} } });
  expect(await fixture.database.query('SELECT 1 FROM agents WHERE absent_since IS NOT NULL')).toHaveLength(1);
});
