import { expect, test } from 'vitest';
import type { Delivery } from '#libs/contracts';
import { learnPresence } from './learn-presence.ts';

const update = (json: string, event: Delivery['event'] = 'presence:updated'): Delivery => ({ rooms: [], event, json });

test('chosen statuses are learned; what was only seen, and what nobody can read, is passed over', () => {
  const learned: string[] = [];
  learnPresence(
    [
      update('{"agent_id":"agt_1","status":"busy"}'),
      update('{"agent_id":"agt_1","status":"idle"}'),
      update('{"agent_id":"agt_1","status":"offline"}'),
      update('{"agent_id":7,"status":"away"}'),
      update('null'),
      update('{"agent_id'),
      update('{"agent_id":"agt_2","status":"away"}', 'session:typing'),
      update('{"agent_id":"agt_3","status":"online"}'),
    ],
    { chose: (agent_id, status) => learned.push(`${agent_id} ${status}`) },
  );
  expect(learned).toEqual(['agt_1 busy', 'agt_3 online']);
});
