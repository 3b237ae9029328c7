/**
 * Tells sockets how far their sessions are: at the beginning, with each heartbeat, and when pushes may have been lost.
 * Pushes are hints; this is what shows a client that it missed the tail.
 *
 * Who is greeted is here: session is told of an agent before the agent is told to be connected, so that whoever has seen
 * `connection:ready` can be offered something at once.
 *
 * The heartbeat's interval is cut into slots of a second; each second one slot is told. Questions to session carry a few
 * hundred readers each.
 */
import type { ConnectionReady, Head, Heads, HeadsAnswer, HeadsQuestion, SessionHeads } from '#libs/contracts';
import { PROTOCOL_VERSION } from '#libs/contracts';
import type { AgentId } from '#libs/protocol';
import { BatchedQuestions } from './batched-questions.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import type { GatewayMetrics } from './gateway-metrics.ts';

/** @throws when session does not answer in time */
export type AskHeads = (question: HeadsQuestion) => Promise<HeadsAnswer>;

/** @throws when session does not answer in time */
export type NoteConnected = (agent_ids: readonly AgentId[]) => Promise<void>;

export interface HeadsTellerOptions {
  readonly ask: AskHeads;
  readonly noteConnected: NoteConnected;
  readonly connections: Connections;
  readonly metrics: GatewayMetrics;
}

interface Known {
  readonly log_epoch: number;
  /** A reader's sessions; of a watched session itself alone. */
  readonly heads: Heads;
}

const SLOT_MS = 1_000;
const LINGER_MS = 4;
const KEYS_A_QUESTION = 300;
const QUESTIONS_AT_ONCE = 4;

export class HeadsTeller {
  readonly #connections: Connections;
  readonly #metrics: GatewayMetrics;
  readonly #questions: BatchedQuestions<Known>;
  readonly #arrivals: BatchedQuestions<true>;
  #timer: NodeJS.Timeout | undefined;
  #slot = 0;
  #isTellingAll = false;
  #shouldTellAll = false;

  constructor({ ask, noteConnected, connections, metrics }: HeadsTellerOptions) {
    this.#connections = connections;
    this.#metrics = metrics;
    this.#questions = new BatchedQuestions({
      ask: async (keys) => sortAnswer(await ask(toQuestion(keys))),
      linger_ms: LINGER_MS,
      keys_a_question: KEYS_A_QUESTION,
      at_once: QUESTIONS_AT_ONCE,
    });
    this.#arrivals = new BatchedQuestions({
      ask: async (agent_ids) => {
        await noteConnected(agent_ids as readonly AgentId[]);
        return new Map<string, true>();
      },
      linger_ms: LINGER_MS,
      keys_a_question: KEYS_A_QUESTION,
      at_once: QUESTIONS_AT_ONCE,
    });
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#slot += 1;
      void this.#tellSome(this.#connections.inSlot(this.#slot));
    }, SLOT_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#shouldTellAll = false;
  }

  /** Says `connection:ready`, with heads when they can be had in time. Its rooms were joined before, so nothing is missed. */
  async greet(connection: Connection): Promise<void> {
    const [known] = await Promise.all([this.#find(connection), this.#noteConnected(connection)]);
    const { id, user_id, person } = connection;
    const ready: ConnectionReady = {
      connection_id: id,
      user: { role: person.kind === 'agent' ? person.role : 'visitor', id: user_id },
      protocol: PROTOCOL_VERSION,
      server_time: new Date().toISOString(),
      log_epoch: known?.log_epoch ?? null,
      heads: known?.heads ?? null,
    };
    connection.tell('connection:ready', ready);
  }

  /** Something may have been lost: everybody is told, some hundreds at a time. Asked again meanwhile, it is done again. */
  async tellAll(): Promise<void> {
    this.#shouldTellAll = true;
    if (this.#isTellingAll) return;
    this.#isTellingAll = true;
    try {
      while (this.#shouldTellAll) {
        this.#shouldTellAll = false;
        const all = this.#connections.all();
        for (let from = 0; from < all.length; from += KEYS_A_QUESTION) {
          await this.#tellSome(all.slice(from, from + KEYS_A_QUESTION));
        }
      }
    } finally {
      this.#isTellingAll = false;
    }
  }

  /** Never rejects: session finds the agent's lease a little later. */
  async #noteConnected({ person }: Connection): Promise<void> {
    if (person.kind !== 'agent') return;
    try {
      await this.#arrivals.get(person.agent_id);
    } catch {
      // session's client has logged why
    }
  }

  async #tellSome(connections: readonly Connection[]): Promise<void> {
    await Promise.all(connections.map((connection) => this.#tell(connection)));
  }

  async #tell(connection: Connection): Promise<void> {
    if (!connection.isOpen) return;
    const known = await this.#find(connection);
    // Silence, then: the next heartbeat tries again.
    if (known) connection.tell('session:heads', known satisfies SessionHeads);
  }

  /** Undefined when session can't be asked now. */
  async #find(connection: Connection): Promise<Known | undefined> {
    try {
      const own = this.#questions.get(connection.user_id);
      const [first, ...watched] = await Promise.all([own, ...connection.watched.map((id) => this.#questions.get(id))]);
      this.#metrics.headsTold('told', 1);
      if (watched.length === 0 || !first) return first;
      // Two questions may have met two epochs; the later one is the truth.
      const log_epoch = Math.max(first.log_epoch, ...watched.map((known) => known?.log_epoch ?? 0));
      return { log_epoch, heads: Object.assign({}, ...watched.map((known) => known?.heads), first.heads) as Heads };
    } catch {
      this.#metrics.headsTold('unavailable', 1);
      return undefined; // session's client has logged why
    }
  }
}

function toQuestion(keys: readonly string[]): HeadsQuestion {
  const isSession = (key: string) => key.startsWith('ses_');
  const readers = keys.filter((key) => !isSession(key));
  return { readers, watched: keys.filter(isSession) } as HeadsQuestion;
}

function sortAnswer({ log_epoch, heads, watched }: HeadsAnswer): Map<string, Known> {
  const known = new Map<string, Known>();
  for (const [reader, own] of Object.entries(heads)) known.set(reader, { log_epoch, heads: own });
  for (const [session_id, head] of Object.entries<Head>(watched)) {
    known.set(session_id, { log_epoch, heads: { [session_id]: head } });
  }
  return known;
}
