import type { Colleague, Team } from '#libs/client';
import type { Session } from '#libs/contracts';

/** What people, teams and sessions are called here. Sessions get short numbers in the order in which they are met. */
export class Names {
  readonly #own_id: string;
  readonly #names = new Map<string, string>();
  readonly #numbers = new Map<string, number>();

  constructor(own_id: string) {
    this.#own_id = own_id;
  }

  learnPeople(agents: readonly Colleague[], teams: readonly Team[]): void {
    for (const { agent_id, name } of agents) this.#names.set(agent_id, name);
    for (const { team_id, name } of teams) this.#names.set(team_id, `the team ${name}`);
  }

  learnSession({ session_id, agent, visitor }: Pick<Session, 'session_id' | 'agent' | 'visitor'>): void {
    const visitorName = visitor.name ?? `visitor ${visitor.visitor_id.slice(-4)}`;
    this.#names.set(visitor.visitor_id, visitorName);
    this.#names.set(session_id, visitorName);
    if (agent) this.#names.set(agent.agent_id, agent.name);
  }

  isKnown(id: string): boolean {
    return id === this.#own_id || this.#names.has(id);
  }

  /** `you`, a name, or what it is if nobody has said the name yet. */
  of(id: string, otherwise = 'somebody'): string {
    return id === this.#own_id ? 'you' : (this.#names.get(id) ?? otherwise);
  }

  number(session_id: string): number {
    const number = this.#numbers.get(session_id) ?? this.#numbers.size + 1;
    this.#numbers.set(session_id, number);
    return number;
  }

  /** `#3 (Cara)`: a session as it is spoken of. */
  session(session_id: string): string {
    const whose = this.#names.get(session_id);
    return `#${this.number(session_id)}${whose === undefined ? '' : ` (${whose})`}`;
  }

  /** The session that `3`, `#3` or its id stands for. */
  findSession(which: string): string | undefined {
    if (which.startsWith('ses_')) return which;
    const wanted = Number(which.replace(/^#/, ''));
    return [...this.#numbers].find(([, number]) => number === wanted)?.[0];
  }
}
