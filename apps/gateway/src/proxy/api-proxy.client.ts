/**
 * Passes `/api` through to session, replicas in turn.
 *
 * A request goes to the next replica when this one could not be reached, or, if repeating it is safe (GET, HEAD, OPTIONS),
 * when the connection broke before an answer began. Otherwise the outcome is unknown and the caller is told to try again;
 * whether that does a thing twice is session's to prevent, by the Idempotency-Key that passes through here like all headers
 * of callers. Answers and large bodies are streamed; who leaves takes the request along.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type Dispatcher, errors, request as send } from 'undici';
import { localeOf, Refusal, toProblem } from '#libs/contracts';
import type { Replicas } from '#libs/session-client';
import { now } from '../connection/clock.ts';
import { clientAddress, type TrustedProxies } from '../connection/client-address.ts';
import type { GatewayMetrics } from '../connection/gateway-metrics.ts';
import type { ApiLimits } from './api-limits.ts';
import { isApiPath, type Origin, requestHeaders, responseHeaders } from './proxy-headers.ts';
import { type Body, readBody } from './request-body.ts';

export interface ApiProxyOptions {
  readonly replicas: Replicas;
  readonly dispatcher: Dispatcher;
  readonly limits: ApiLimits;
  readonly trusted: TrustedProxies;
  readonly metrics: GatewayMetrics;
  readonly log: { warn(fields: object, message: string): void };
}

/** Longer than any long poll. */
const ANSWER_DEADLINE_MS = 40_000;
const BODY_PAUSE_MS = 60_000;
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Nothing of the request has left. */
const UNREACHED = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN']);

export class ApiProxy {
  readonly #options: ApiProxyOptions;
  readonly #closing = new AbortController();

  constructor(options: ApiProxyOptions) {
    this.#options = options;
  }

  /** Answers in any case. Never rejects. */
  async pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const begun = now();
    const left = new AbortController();
    // 'close' comes after a whole answer as well; aborting what is over does nothing.
    response.once('close', () => left.abort());
    try {
      await this.#pass(request, response, AbortSignal.any([left.signal, this.#closing.signal]));
    } catch (error) {
      if (!left.signal.aborted) this.#refuse(request, response, error);
    }
    this.#options.metrics.apiCall(response.statusCode, (now() - begun) / 1_000);
  }

  /** Ends the requests that are under way, long polls among them. */
  close(): void {
    this.#closing.abort(new Refusal('DRAINING'));
  }

  async #pass(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const { trusted, limits } = this.#options;
    const path = request.url ?? '';
    if (!isApiPath(path)) throw new Refusal('NOT_FOUND');
    const forwarded = request.headers['x-forwarded-for'];
    const address = clientAddress(request.socket.remoteAddress, String(forwarded ?? ''), trusted);
    if (!limits.take(address, now())) throw new Refusal('RATE_LIMITED');
    const isProxied = trusted.has(clientAddress(request.socket.remoteAddress, undefined, trusted));
    const proto = isProxied && request.headers['x-forwarded-proto'] === 'https' ? 'https' : 'http';
    const answer = await this.#ask(request, { origin: { address, proto }, body: await readBody(request), signal });
    response.writeHead(answer.statusCode, responseHeaders(answer.headers));
    await pipeline(answer.body, response, { signal });
  }

  async #ask(
    request: IncomingMessage,
    { origin, body, signal }: { origin: Origin; body: Body; signal: AbortSignal },
  ): Promise<Dispatcher.ResponseData> {
    const { replicas, dispatcher, log } = this.#options;
    const method = request.method ?? 'GET';
    const headers = requestHeaders(request.headers, origin);
    for (const url of replicas.inOrder()) {
      try {
        const answer = await send(new URL(request.url ?? '', url), {
          dispatcher,
          method,
          headers,
          body,
          signal,
          headersTimeout: ANSWER_DEADLINE_MS,
          bodyTimeout: BODY_PAUSE_MS,
        });
        replicas.answered(url);
        return answer;
      } catch (err) {
        if (signal.aborted || err instanceof Refusal) throw err;
        replicas.failed(url);
        log.warn({ err, url, method }, 'session did not take a request');
        if (!canRepeat(err, method, body)) break;
      }
    }
    throw new Refusal('UNAVAILABLE', { detail: 'no session replica answered' });
  }

  #refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const refusal = this.#toRefusal(error);
    // A half answer can't be taken back: it is cut, so that nobody takes it for a whole one.
    if (response.headersSent) return void response.destroy();
    const problem = toProblem(refusal, localeOf(request.headers['accept-language']));
    const wait = refusal.code === 'RATE_LIMITED' || problem.status === 503 ? { 'retry-after': '1' } : {};
    // What is left of a body nobody has read would be taken for the next request.
    const end = request.complete ? {} : { connection: 'close' };
    response.writeHead(problem.status, { 'content-type': 'application/problem+json', ...wait, ...end });
    response.end(JSON.stringify(problem));
  }

  #toRefusal(error: unknown): Refusal {
    if (error instanceof Refusal) return error;
    const { reason } = this.#closing.signal as { reason: unknown };
    if (reason instanceof Refusal) return reason;
    this.#options.log.warn({ err: error }, 'an API call failed');
    return new Refusal('UNAVAILABLE');
  }
}

/** Whether another replica may be asked without risk of doing a thing twice. */
function canRepeat(error: unknown, method: string, body: Body): boolean {
  if (body !== null && !Buffer.isBuffer(body)) return false;
  if (error instanceof errors.ConnectTimeoutError) return true;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return UNREACHED.has(code) || SAFE.has(method);
}
