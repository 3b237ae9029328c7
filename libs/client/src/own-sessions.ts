import type { ConnectionReady, Session } from '#libs/contracts';

type User = ConnectionReady['user'];

/**
 * Which sessions are this person's to read: the own ones, and those that were chosen. What else is heard of, the team's
 * queue, is shown as entries, without a log.
 *
 * Who the person is comes with the first connection that stands. Until then nothing is known to be foreign, and only what
 * was chosen is known to be wanted.
 */
export class OwnSessions {
  readonly #chosen = new Set<string>();
  #user: Pick<User, 'id' | 'role'> | undefined;

  get user_id(): string | undefined {
    return this.#user?.id;
  }

  get isKnown(): boolean {
    return this.#user !== undefined;
  }

  get isVisitor(): boolean {
    return this.#user?.role === 'visitor';
  }

  noteUser(user: Pick<User, 'id' | 'role'>): void {
    this.#user = user;
  }

  choose(session_id: string): void {
    this.#chosen.add(session_id);
  }

  leave(session_id: string): void {
    this.#chosen.delete(session_id);
  }

  isChosen(session_id: string): boolean {
    return this.#chosen.has(session_id);
  }

  /** A visitor is told of nobody else's; an agent's are those that the agent serves, last served, or is offered. */
  isOwn({ agent, transfer }: Pick<Session, 'agent' | 'transfer'>): boolean {
    if (this.#user === undefined) return false;
    return this.isVisitor || agent?.agent_id === this.#user.id || transfer?.to_agent === this.#user.id;
  }

  isWanted(session: Session): boolean {
    return this.isChosen(session.session_id) || this.isOwn(session);
  }
}
