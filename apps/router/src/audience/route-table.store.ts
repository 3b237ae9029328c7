/**
 * Where the signals of a session go: visitor, agent and version of each session, in Redis, for signals only.
 *
 * Guarantees: an older transition never replaces a newer one, in whatever order and from whichever router they come.
 * Losing the table (a flush, a restart) costs one question to session for each session that is written in.
 */
import type { Redis } from 'ioredis';
import { routeOf, type SessionEvent, sessionRoute, type SessionRoute } from '#libs/contracts';
import { keys, ROUTE_SECONDS } from '#libs/redis';
import { type Stamp, stampOf } from './session-versions.ts';

/** Asks session for routes it alone knows; sessions it can't answer for are missing. Never rejects. */
export type AskRoutes = (session_ids: readonly string[]) => Promise<readonly SessionRoute[]>;

// The same rule as isNews in session-versions.ts. The stored time never falls, or a late event could pass an answer of session.
const WRITE_IF_NEWS = `
local known = redis.call('HMGET', KEYS[1], 'version', 'time')
local version, time = tonumber(ARGV[1]), tonumber(ARGV[2])
local known_time = tonumber(known[2]) or 0
if known[1] and version <= tonumber(known[1]) and time <= known_time then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'time', string.format('%.0f', math.max(time, known_time)), 'route', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1`;

export class RouteTable {
  readonly #redis: Redis;
  readonly #askRoutes: AskRoutes;

  constructor(redis: Redis, askRoutes: AskRoutes) {
    this.#redis = redis;
    this.#askRoutes = askRoutes;
  }

  /** Takes over the routes of these transitions. @throws when Redis did not take all of them. */
  async write(events: readonly SessionEvent[]): Promise<void> {
    await this.#write(events.map((event) => ({ route: routeOf(event.data.session), stamp: stampOf(event) })));
  }

  /** The routes that are known to Redis or to session. Unknown sessions are missing, and all of them when nobody answers. */
  async find(session_ids: readonly string[]): Promise<Map<string, SessionRoute>> {
    const wanted = [...new Set(session_ids)];
    const found = await this.#read(wanted);
    const missing = wanted.filter((session_id) => !found.has(session_id));
    if (missing.length === 0) return found;
    const answered = await this.#askRoutes(missing);
    for (const route of answered) found.set(route.session_id, route);
    // An answer has a version and no time: it never replaces what an event has written meanwhile.
    const learnt = answered.map((route) => ({ route, stamp: { version: route.version, time: 0 } }));
    await this.#write(learnt).catch(() => undefined); // asked again at the next signal
    return found;
  }

  async #read(session_ids: readonly string[]): Promise<Map<string, SessionRoute>> {
    const found = new Map<string, SessionRoute>();
    if (session_ids.length === 0) return found;
    const pipeline = this.#redis.pipeline();
    for (const session_id of session_ids) pipeline.hget(keys.route(session_id), 'route');
    const answers = await pipeline.exec().catch(() => null); // away: everything is missing
    for (const [error, text] of answers ?? []) {
      const route = !error && typeof text === 'string' ? readRoute(text) : undefined;
      if (route) found.set(route.session_id, route);
    }
    return found;
  }

  async #write(entries: readonly { route: SessionRoute; stamp: Stamp }[]): Promise<void> {
    if (entries.length === 0) return;
    const pipeline = this.#redis.pipeline();
    for (const { route, stamp } of entries) {
      const key = keys.route(route.session_id);
      pipeline.eval(WRITE_IF_NEWS, 1, key, stamp.version, stamp.time, JSON.stringify(route), ROUTE_SECONDS);
    }
    for (const [error] of (await pipeline.exec()) ?? []) {
      if (error) throw new Error('a route was not written', { cause: error });
    }
  }
}

// Another version of the software may have written it: what does not fit counts as missing.
function readRoute(text: string): SessionRoute | undefined {
  try {
    return sessionRoute.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
