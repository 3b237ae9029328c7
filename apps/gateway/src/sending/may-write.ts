/**
 * May this person write, read or watch here? Answered from what is known of sessions' routes, so that a message asks nobody.
 *
 * What is known comes from session when it is first needed, is renewed by each `session:updated` that passes through to
 * the screens, and ends after minutes. A refusal is never made from memory: an update may not have passed yet, and the
 * agent who has just accepted a session must not be turned away for good. So it is asked again first.
 */
import { LRUCache } from 'lru-cache';
import { Refusal, type SessionRoute } from '#libs/contracts';
import { canSuperviseSession, canWriteMessage, type Person } from '#libs/domain';

/** Undefined for an unknown session. @throws Refusal UNAVAILABLE when nobody can be asked */
export type AskRoute = (session_id: string) => Promise<SessionRoute | undefined>;

type Right = (person: Person, route: SessionRoute) => boolean;

const MOST_ROUTES = 20_000;
const KEPT_MS = 5 * 60_000;

export class MayWrite {
  readonly #ask: AskRoute;
  readonly #routes = new LRUCache<string, SessionRoute>({ max: MOST_ROUTES, ttl: KEPT_MS });

  constructor(ask: AskRoute) {
    this.#ask = ask;
  }

  /** @throws Refusal FORBIDDEN, NOT_FOUND for what one may not know of, UNAVAILABLE */
  write(person: Person, session_id: string): Promise<SessionRoute> {
    return this.#require(person, session_id, canWriteMessage);
  }

  /** Supervisors and admins look over shoulders. @throws as `write` */
  watch(person: Person, session_id: string): Promise<SessionRoute> {
    return this.#require(person, session_id, canWatch);
  }

  /** A transition passes by. An older one than what is known changes nothing. */
  renew(route: SessionRoute): SessionRoute {
    const known = this.#routes.get(route.session_id);
    if (known && known.version > route.version) return known;
    this.#routes.set(route.session_id, route);
    return route;
  }

  drop(session_id: string): void {
    this.#routes.delete(session_id);
  }

  /** Updates may have been missed. */
  dropAll(): void {
    this.#routes.clear();
  }

  async #require(person: Person, session_id: string, right: Right): Promise<SessionRoute> {
    const known = this.#routes.get(session_id);
    if (known && right(person, known)) return known;
    const asked = await this.#ask(session_id);
    if (!asked) throw new Refusal('NOT_FOUND');
    const route = this.renew(asked);
    if (right(person, route)) return route;
    throw new Refusal(knows(person, route) ? 'FORBIDDEN' : 'NOT_FOUND');
  }
}

export function canWatch(person: Person, route: SessionRoute): boolean {
  return canSuperviseSession(person, route);
}

/** Whether the person knows of the session anyhow. What a team shows its agents is not known here: they learn less, not more. */
function knows(person: Person, route: SessionRoute): boolean {
  if (canWriteMessage(person, route) || canSuperviseSession(person, route)) return true;
  return person.kind === 'agent' && route.state === 'waiting' && person.team_ids.includes(route.team_id);
}
