import type { Delivery } from '#libs/contracts';
import { watchRoom } from '#libs/protocol';
import type { Connections } from '../connection/connections.ts';
import { canWatch, type MayWrite } from '../sending/may-write.ts';

/**
 * What the deliveries that pass through tell of who may write and watch where. Done before they are pushed: who sees a
 * session may write in it at once.
 */
export function learnRoutes(batch: readonly Delivery[], mayWrite: MayWrite, connections: Connections): void {
  for (const { event, json, route } of batch) {
    if (event === 'session:updated' && route) {
      const known = mayWrite.renew(route);
      for (const connection of connections.rooms.membersOf(watchRoom(route.session_id))) {
        // The session went to another team.
        if (!canWatch(connection.person, known)) connections.unwatch(connection, route.session_id);
      }
    }
    if (event === 'session:removed') {
      const session_id = sessionOf(json);
      if (session_id !== undefined) mayWrite.drop(session_id);
    }
  }
}

function sessionOf(json: string): string | undefined {
  try {
    const { session_id } = JSON.parse(json) as { session_id?: unknown };
    return typeof session_id === 'string' ? session_id : undefined;
  } catch {
    return undefined;
  }
}
