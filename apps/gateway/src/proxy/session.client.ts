/**
 * Questions to session over its internal HTTP: replicas in turn, all within one deadline.
 *
 * Guarantees: every question settles within its deadline. A refusal of session's comes back as a Refusal of the same code;
 * nobody there, or no sensible answer, is UNAVAILABLE. Questions may be asked twice: all of them are idempotent.
 */
import { type Dispatcher, request } from 'undici';
import { z } from 'zod';
import {
  type AgentStatusQuestion,
  type CheckMessageQuestion,
  type ErrorCode,
  errorCatalogue,
  type HeadsAnswer,
  type HeadsQuestion,
  internalPaths,
  type ReadQuestion,
  Refusal,
  type RoutesQuestion,
  sessionRoute,
  type SessionRoute,
} from '#libs/contracts';
import { now } from '../connection/clock.ts';
import type { Replicas } from './replicas.ts';

export interface SessionClientOptions {
  readonly replicas: Replicas;
  readonly dispatcher: Dispatcher;
  readonly service_token: string;
  readonly deadline_ms: number;
  readonly log: { warn(fields: object, message: string): void };
}

const JWKS_PATH = '/api/v1/.well-known/jwks.json';
const PROBE_DEADLINE_MS = 1_000;
const head = z.object({ seq_id: z.number(), version: z.number() });
const heads = z.record(z.string(), head);
const headsAnswer = z.object({ log_epoch: z.number(), heads: z.record(z.string(), heads), watched: heads });
const routesAnswer = z.object({ routes: z.record(z.string(), sessionRoute.strip()) });
const jwksAnswer = z.object({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })) });
/** What of a Problem matters here. */
const problem = z.object({ code: z.string() });
export type PublicKeys = z.output<typeof jwksAnswer>['keys'];

export class SessionClient {
  readonly #options: SessionClientOptions;

  constructor(options: SessionClientOptions) {
    this.#options = options;
  }

  async heads(question: HeadsQuestion): Promise<HeadsAnswer> {
    return headsAnswer.parse(await this.#post(internalPaths.heads, question));
  }

  /** By session; unknown sessions are missing. */
  async routes(session_ids: RoutesQuestion['session_ids']): Promise<Record<string, SessionRoute>> {
    return routesAnswer.parse(await this.#post(internalPaths.routes, { session_ids })).routes;
  }

  async checkMessage(question: CheckMessageQuestion): Promise<void> {
    await this.#post(internalPaths.checkMessage, question);
  }

  async read(question: ReadQuestion): Promise<void> {
    await this.#post(internalPaths.read, question);
  }

  async agentStatus(question: AgentStatusQuestion): Promise<void> {
    await this.#post(internalPaths.agentStatus, question);
  }

  async keys(): Promise<PublicKeys> {
    return jwksAnswer.parse(await this.#ask('GET', JWKS_PATH)).keys;
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
          replicas.failed(url, now()); // who asks it next says so in the log
        }
      }),
    );
  }

  #post(path: string, question: object): Promise<unknown> {
    return this.#ask('POST', path, JSON.stringify(question));
  }

  async #ask(method: 'GET' | 'POST', path: string, body?: string): Promise<unknown> {
    const { replicas, deadline_ms, log } = this.#options;
    const end = now() + deadline_ms;
    const urls = replicas.inOrder(now());
    for (const [index, url] of urls.entries()) {
      // A share of what is left: a frozen replica must not use up the time of the others.
      const limit_ms = Math.floor((end - now()) / (urls.length - index));
      if (limit_ms < 1) break;
      try {
        const answer = await this.#askOne(new URL(path, url), { method, body, limit_ms });
        replicas.answered(url);
        return answer;
      } catch (err) {
        if (err instanceof Refusal && err.code !== 'UNAVAILABLE') throw err;
        // One that says it can't, for want of its database, does answer.
        if (!(err instanceof Refusal)) replicas.failed(url, now());
        log.warn({ err, url, path }, 'session did not answer');
      }
    }
    throw new Refusal('UNAVAILABLE', { detail: 'session did not answer' });
  }

  async #askOne(url: URL, ask: { method: 'GET' | 'POST'; body: string | undefined; limit_ms: number }) {
    const { dispatcher, service_token } = this.#options;
    const { method, body: text, limit_ms } = ask;
    const answer = await request(url, {
      dispatcher,
      method,
      signal: AbortSignal.timeout(limit_ms),
      headers: {
        authorization: `Bearer ${service_token}`,
        ...(text === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(text === undefined ? {} : { body: text }),
    });
    if (answer.statusCode === 204) return answer.body.dump();
    if (answer.statusCode < 300) return answer.body.json();
    throw toRefusal(answer.statusCode, await answer.body.text());
  }
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
