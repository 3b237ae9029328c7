import { expect, test } from 'vitest';
import { fakeConnection, ids } from '../../fixture/connection-fixture.ts';
import type { Connection } from '../connection/connection.ts';
import { Connections } from '../connection/connections.ts';
import { Rooms } from '../connection/rooms.ts';
import { type ClientEventParts, clientEvents } from './client-events.ts';
import { toAckError } from './to-socket-error.ts';

function makeWatcher() {
  const connections = new Connections(new Rooms<Connection>(), 1);
  // Only what `session:watch` asks: it may watch everything.
  const parts = { connections, mayWrite: { watch: () => Promise.resolve() } } as unknown as ClientEventParts;
  const handler = clientEvents(parts).get('session:watch');
  const { connection } = fakeConnection();
  return { connection, watch: (name: string) => handler?.(connection, { session_id: ids.session(name) }) };
}

test('the 51st watched session is refused for good, one that is watched already is not', async () => {
  const { connection, watch } = makeWatcher();
  for (let count = 1; count <= 50; count += 1) await watch(String(count));
  expect(await watch('7')).toEqual({});
  const refusal = await Promise.resolve(watch('51')).catch((error: unknown) => toAckError(error, 'en'));
  expect(refusal).toMatchObject({ code: 'VALIDATION_FAILED', retryable: false });
  expect(connection.watched).toHaveLength(50);
});
