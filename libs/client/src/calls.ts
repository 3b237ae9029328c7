import type {
  AgentStatus,
  closeSessionBody,
  CreateAgentBody,
  CreateTeamBody,
  OpenSessionBody,
  QueueItem,
  rateBody,
  reassignBody,
  Session,
  SessionsQuery,
  TransferBody,
  UpdateSessionBody,
} from '#libs/contracts';
import type { AgentId, TeamId } from '#libs/protocol';
import { backOff, pause } from './back-off.ts';
import { CallFailed, type CallOptions, type Rest } from './rest.ts';

/** A colleague, as agents may read one. */
export interface Colleague extends Pick<
  CreateAgentBody,
  'name' | 'role' | 'team_ids' | 'skills' | 'languages' | 'capacity' | 'disabled'
> {
  agent_id: AgentId;
  /** What the agent chose; presence is told by pushes. */
  status: AgentStatus;
  /** How many sessions the agent serves now. */
  active: number;
}
/** A team, as agents may read one. */
export interface Team extends Pick<CreateTeamBody, 'name' | 'visibility' | 'skills'> {
  team_id: TeamId;
}
export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}
type Reassign = (typeof reassignBody)['_output'];
type Rating = (typeof rateBody)['_output'];
type Closing = NonNullable<(typeof closeSessionBody)['_output']>;

export interface CallsEdges {
  rest: Pick<Rest, 'call'>;
  /** A command begins; what is returned takes its answer, unless the session was taken away meanwhile. */
  expectSession(session_id: string): (session: Session) => void;
  random(): number;
  closing: AbortSignal;
}

/** A person waits: so often it is tried, and no longer than this is waited in between. */
const ATTEMPTS = 3;
const LONGEST_PAUSE_MS = 5_000;
const PAGE = 200;

/**
 * What people tell and ask over REST. Each call rejects with CallFailed only.
 *
 * A change carries an `Idempotency-Key` and is tried again with the same one while answers get lost, so it is done at most
 * once; who gives a key of its own may repeat the call later, also after `CallFailed` with `retryable`. The session that a
 * command answers with is held like one that was pushed.
 */
export class Calls {
  readonly #edges: CallsEdges;

  constructor(edges: CallsEdges) {
    this.#edges = edges;
  }

  /** A visitor's own session, the open one if there is one; or an agent's with the visitor that is named. */
  async open(body: OpenSessionBody = {}, key?: string): Promise<Session> {
    const session = await this.#change<Session>('POST', '/sessions', body, key);
    this.#edges.expectSession(session.session_id)(session);
    return session;
  }

  requestHuman(session_id: string, key?: string): Promise<Session> {
    return this.#command(session_id, 'request_human', undefined, key);
  }

  /** Out of the queue by hand. */
  accept(session_id: string, key?: string): Promise<Session> {
    return this.#command(session_id, 'accept', undefined, key);
  }

  /** To an agent: an offer; to a team: into its queue. */
  transfer(session_id: string, to: TransferBody, key?: string): Promise<Session> {
    return this.#command(session_id, 'transfer', to, key);
  }

  acceptTransfer(session_id: string, key?: string): Promise<Session> {
    return this.#command(session_id, 'transfer/accept', undefined, key);
  }

  rejectTransfer(session_id: string, key?: string): Promise<Session> {
    return this.#command(session_id, 'transfer/reject', undefined, key);
  }

  cancelTransfer(session_id: string, key?: string): Promise<Session> {
    return this.#command(session_id, 'transfer/cancel', undefined, key);
  }

  returnToQueue(session_id: string, key?: string): Promise<Session> {
    return this.#command(session_id, 'return_to_queue', undefined, key);
  }

  takeOver(session_id: string, key?: string): Promise<Session> {
    return this.#command(session_id, 'take_over', undefined, key);
  }

  reassign(session_id: string, to_agent: AgentId, key?: string): Promise<Session> {
    return this.#command(session_id, 'reassign', { to_agent } satisfies Reassign, key);
  }

  close(session_id: string, body: Closing = {}, key?: string): Promise<Session> {
    return this.#command(session_id, 'close', body, key);
  }

  rate(session_id: string, rating: Rating, key?: string): Promise<Session> {
    return this.#command(session_id, 'rating', rating, key);
  }

  /** All tags of the session; those that are not named go. */
  tag(session_id: string, tags: readonly string[], key?: string): Promise<Session> {
    return this.#edit('PUT', session_id, { path: '/tags', body: { tags } }, key);
  }

  update(session_id: string, body: UpdateSessionBody, key?: string): Promise<Session> {
    return this.#edit('PATCH', session_id, { path: '', body }, key);
  }

  /** The caller's own status; for those without a socket, see Client.setStatus. */
  async setStatus(status: AgentStatus): Promise<void> {
    await this.#change('PATCH', '/me', { status });
  }

  /** The caller, who must not be a visitor. */
  me(): Promise<Colleague> {
    return this.#repeat('GET', '/me', {});
  }

  /** Newest first. */
  sessions(query: Partial<SessionsQuery> = {}): Promise<Page<Session>> {
    return this.#repeat('GET', `/sessions${toQuery(query)}`, {});
  }

  /** Who waits, in order; of all teams that the caller may look at, or of one. */
  queue(team_id?: string): Promise<QueueItem[]> {
    return this.#all(team_id === undefined ? '/queue' : `/queue/${team_id}`);
  }

  agents(): Promise<Colleague[]> {
    return this.#all('/agents');
  }

  teams(): Promise<Team[]> {
    return this.#all('/teams');
  }

  #command(session_id: string, name: string, body: unknown, key: string | undefined): Promise<Session> {
    return this.#edit('POST', session_id, { path: `/${name}`, body }, key);
  }

  async #edit(
    method: string,
    session_id: string,
    { path, body }: { path: string; body: unknown },
    key: string | undefined,
  ): Promise<Session> {
    const take = this.#edges.expectSession(session_id);
    const session = await this.#change<Session>(method, `/sessions/${session_id}${path}`, body, key);
    take(session);
    return session;
  }

  #change<T>(method: string, path: string, body: unknown, key: string = crypto.randomUUID()): Promise<T> {
    return this.#repeat(method, path, { body, idempotency_key: key });
  }

  async #all<Item>(path: string): Promise<Item[]> {
    const all: Item[] = [];
    let cursor: string | null = null;
    do {
      const query = toQuery({ limit: PAGE, ...(cursor === null ? {} : { cursor }) });
      const page: Page<Item> = await this.#repeat('GET', `${path}${query}`, {});
      all.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor);
    return all;
  }

  async #repeat<T>(method: string, path: string, options: CallOptions): Promise<T> {
    const { rest, random, closing } = this.#edges;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await rest.call<T>(method, path, options);
      } catch (error) {
        if (!(error instanceof CallFailed) || !error.retryable || attempt >= ATTEMPTS) throw error;
        const wait_ms = Math.max(backOff(attempt, random()), error.retry_after_ms ?? 0);
        if (wait_ms > LONGEST_PAUSE_MS) throw error;
        await pause(wait_ms, closing);
        if (closing.aborted) throw error;
      }
    }
  }
}

function toQuery(parts: Record<string, string | number | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parts)) if (value !== undefined) query.set(name, String(value));
  return query.size === 0 ? '' : `?${query.toString()}`;
}
