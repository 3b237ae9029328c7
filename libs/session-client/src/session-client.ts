/**
 * Questions to session over its internal HTTP: replicas in turn, all within one deadline.
 *
 * Guarantees: every question settles within its deadline, and no replica uses up the time of those after it. A refusal of
 * session's comes back as a Refusal of the same code; nobody there, or no sensible answer, is UNAVAILABLE. Questions may be
 * asked twice: all of them are idempotent.
 */
import { type Dispatcher, request } from 'undici';
import { z } from 'zod';
import {
  type AgentStatusQuestion,
  type CheckMessageQuestion,
  type ConnectedQuestion,
  type ErrorCode,
  errorCatalogue,
  type HeadsAnswer,
  headsAnswer,
  type HeadsQuestion,
  internalPaths,
  type Note,
  notesAnswer,
  type NotesQuestion,
  type ReadQuestion,
  Refusal,
  routesAnswer,
  type RoutesQuestion,
  type SessionRoute,
} from '#libs/contracts';
import type { Replicas } from './replicas.ts';

export interface SessionClientOptions {
  readonly replicas: Replicas;
  readonly dispatcher: Dispatcher;
  readonly service_token: string;
  /** For a whole question, whichever replicas it meets. */
  readonly deadline_ms: number;
  readonly log: { warn(fields: object, message: string): void };
}

/** One question: `read` throws when the answer makes no sense. */
interface Question<Answer> {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  readonly read: (answer: unknown) => Answer;
}

const JWKS_PATH = '/api/v1/.well-known/jwks.json';
const PROBE_DEADLINE_MS = 1_000;
const jwksAnswer = z.object({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })) });
/** What of a Problem matters here. */
const problem = z.object({ code: z.string() });

/** Every question throws a Refusal when it fails. */
export class SessionClient {
  readonly #options: SessionClientOptions;

  constructor(options: SessionClientOptions) {
    this.#options = options;
  }

  /** How far the readers' sessions are, and the watched ones. */
  heads(question: HeadsQuestion): Promise<HeadsAnswer> {
    return this.#post(internalPaths.heads, question, (answer) => headsAnswer.parse(answer));
  }

  /** Agents have just connected, at most 1,000 of them. */
  connected(question: ConnectedQuestion): Promise<void> {
    return this.#post(internalPaths.connected, question, nothing);
  }

  /** By session; unknown sessions are missing. At most 1,000 of them. */
  routes(session_ids: RoutesQuestion['session_ids']): Promise<Record<string, SessionRoute>> {
    return this.#post(internalPaths.routes, { session_ids }, (answer) => routesAnswer.parse(answer).routes);
  }

  /** By id; unknown notes are missing. At most 1,000 of them. */
  notes(note_ids: NotesQuestion['note_ids']): Promise<Record<string, Note>> {
    return this.#post(internalPaths.notes, { note_ids }, (answer) => notesAnswer.parse(answer).notes);
  }

  /** Throws what speaks against the message. */
  checkMessage(question: CheckMessageQuestion): Promise<void> {
    return this.#post(internalPaths.checkMessage, question, nothing);
  }

  /** Moves a reader's mark forward. */
  read(question: ReadQuestion): Promise<void> {
    return this.#post(internalPaths.read, question, nothing);
  }

  /** Sets an agent's chosen status. */
  agentStatus(question: AgentStatusQuestion): Promise<void> {
    return this.#post(internalPaths.agentStatus, question, nothing);
  }

  /** The public keys of session's tokens, as a JWK set has them (RFC 7517). */
  keys(): Promise<z.output<typeof jwksAnswer>['keys']> {
    return this.#ask({ method: 'GET', path: JWKS_PATH, read: (answer) => jwksAnswer.parse(answer).keys });
  }

  /** Looks whether each replica answers at all: a frozen one takes connections and holds them. Never rejects. */
  async probe(): Promise<void> {
    const { replicas, dispatcher } = this.#options;
    await Promise.all(
      replicas.urls.map(async (url) => {
        try {
          const signal = AbortSignal.timeout(PROBE_DEADLINE_MS);
          const { body } = await request(new URL(JWKS_PATH, url), { dispatcher, signal });
          await body.dump();
          replicas.answered(url);
        } catch {
          replicas.failed(url); // who asks it next says so in the log
        }
      }),
    );
  }

  #post<Answer>(path: string, question: object, read: (answer: unknown) => Answer): Promise<Answer> {
    return this.#ask({ method: 'POST', path, body: JSON.stringify(question), read });
  }

  async #ask<Answer>(question: Question<Answer>): Promise<Answer> {
    const { replicas, deadline_ms, log } = this.#options;
    const end = performance.now() + deadline_ms;
    const urls = replicas.inOrder();
    for (const [index, url] of urls.entries()) {
      // A share of what is left: a frozen replica must not use up the time of the others.
      const limit_ms = Math.floor((end - performance.now()) / (urls.length - index));
      if (limit_ms < 1) break;
      try {
        const answer = await this.#askOne(url, question, limit_ms);
        replicas.answered(url);
        return answer;
      } catch (err) {
        if (err instanceof Refusal && err.code !== 'UNAVAILABLE') throw err;
        // One that says it can't, for want of its database, does answer.
        if (!(err instanceof Refusal)) replicas.failed(url);
        log.warn({ err, url, path: question.path }, 'session did not answer');
      }
    }
    throw new Refusal('UNAVAILABLE', { detail: 'session did not answer' });
  }

  async #askOne<Answer>(url: string, question: Question<Answer>, limit_ms: number): Promise<Answer> {
    const { dispatcher, service_token } = this.#options;
    const { method, path, body, read } = question;
    const answer = await request(new URL(path, url), {
      dispatcher,
      method,
      signal: AbortSignal.timeout(limit_ms),
      headers: {
        authorization: `Bearer ${service_token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
    });
    if (answer.statusCode >= 300) throw toRefusal(answer.statusCode, await answer.body.text());
    return read(answer.statusCode === 204 ? await answer.body.dump() : await answer.body.json());
  }
}

function nothing(): void {
  // Its status was the answer.
}

/** A refusal by its code. Of 401 the caller's client is not to blame: it is our own token that session does not know. */
function toRefusal(status: number, text: string): Refusal {
  const code = status >= 500 || status === 401 ? 'UNAVAILABLE' : readCode(text);
  return new Refusal(code, { detail: `session answered ${status}` });
}

function readCode(text: string): ErrorCode {
  try {
    const { code } = problem.parse(JSON.parse(text));
    return Object.hasOwn(errorCatalogue, code) ? (code as ErrorCode) : 'UNAVAILABLE';
  } catch {
    return 'UNAVAILABLE';
  }
}
