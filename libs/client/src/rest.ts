import type { ErrorCode, Message, MessageSend, Problem, Sent, Session, SocketError } from '#libs/contracts';

const DEADLINE_MS = 10_000;
const PROBE_DEADLINE_MS = 3_000;
const PAGE = 200;

/** What REST says beside the code and its text. */
export interface FailureMore {
  /** For people who debug. */
  detail?: string;
  /** The state that the session is in, where that is why. */
  state?: string;
  /** How long the server asks to wait before the next attempt. */
  retry_after_ms?: number;
}

/**
 * A call that was refused or did not get through; `retryable` as on the socket. `message` is the code's text, in the
 * language of the client's `locale`.
 */
export class CallFailed extends Error {
  readonly code: string;
  readonly retryable: boolean;
  readonly detail: string | undefined;
  readonly state: string | undefined;
  readonly retry_after_ms: number | undefined;

  constructor(error: SocketError, { detail, state, retry_after_ms }: FailureMore = {}) {
    super(error.message);
    this.code = error.code;
    this.retryable = error.retryable;
    this.detail = detail;
    this.state = state;
    this.retry_after_ms = retry_after_ms;
  }
}

export interface MessagesPage {
  items: Message[];
  last_seq_id: number;
  log_epoch: number;
}

export type TokenSource = () => string | Promise<string>;

/** A failure that passes: nobody answered, or not in full. */
export function unavailable(message: string): CallFailed {
  return new CallFailed({ code: 'UNAVAILABLE', message, retryable: true });
}

/** REST as it is: one attempt a call, rejecting with CallFailed only. Who calls knows whether to try again. */
export class Rest {
  readonly #url: string;
  readonly #token: TokenSource;
  readonly #locale: string | undefined;

  /** @param locale the language of refusals, a language tag */
  constructor(url: string, token: TokenSource, locale?: string) {
    this.#url = url;
    this.#token = token;
    this.#locale = locale;
  }

  /** What follows `after_seq`; with `wait_seconds` an empty answer is held until something comes. */
  messagesAfter(session_id: string, after_seq: number, wait_seconds = 0, signal?: AbortSignal): Promise<MessagesPage> {
    const wait = wait_seconds > 0 ? `&wait=${wait_seconds}` : '';
    const query = `session_id=${session_id}&after_seq=${after_seq}&limit=${PAGE}${wait}`;
    return this.call('GET', `/messages?${query}`, { wait_ms: wait_seconds * 1_000, signal });
  }

  /** Whether anybody answers at all; needs no token. */
  async isReachable(): Promise<boolean> {
    try {
      const signal = AbortSignal.timeout(PROBE_DEADLINE_MS);
      return (await fetch(`${this.#url}/api/v1/.well-known/jwks.json`, { signal })).ok;
    } catch {
      return false;
    }
  }

  session(session_id: string): Promise<Session> {
    return this.call('GET', `/sessions/${session_id}`);
  }

  send({ session_id, ...body }: MessageSend): Promise<Sent> {
    return this.call('POST', `/sessions/${session_id}/messages`, { body });
  }

  async call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    const { body, wait_ms = 0, signal } = options;
    const headers = this.#headers(await this.#fetchToken(), options);
    const deadline = AbortSignal.timeout(DEADLINE_MS + wait_ms);
    const init: RequestInit = { method, headers, signal: signal ? AbortSignal.any([signal, deadline]) : deadline };
    if (body !== undefined) init.body = JSON.stringify(body);
    let response: Response;
    try {
      response = await fetch(`${this.#url}/api/v1${path}`, init);
      // Here too: a body can be cut off, or be a proxy's page.
      if (response.ok) return (await response.json()) as T;
    } catch (cause) {
      throw unavailable(`no answer: ${String(cause)}`);
    }
    throw await readFailure(response);
  }

  #headers(token: string, { body, idempotency_key }: CallOptions): Record<string, string> {
    return {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(this.#locale === undefined ? {} : { 'accept-language': this.#locale }),
      ...(idempotency_key === undefined ? {} : { 'idempotency-key': idempotency_key }),
    };
  }

  async #fetchToken(): Promise<string> {
    try {
      return await this.#token();
    } catch (cause) {
      throw unavailable(`no token: ${String(cause)}`);
    }
  }
}

export interface CallOptions {
  body?: unknown;
  /** What makes a repeat of the call safe: the same key for each attempt. */
  idempotency_key?: string;
  /** How long the server may hold the answer back. */
  wait_ms?: number;
  signal?: AbortSignal | undefined;
}

/** Refusals that pass though their status does not say so. */
const passing: ReadonlySet<string> = new Set<ErrorCode>(['IN_PROGRESS', 'NOT_STORED_YET']);

async function readFailure(response: Response): Promise<CallFailed> {
  const retryable = response.status >= 500 || response.status === 429;
  const retry_after = Number(response.headers.get('retry-after') ?? Number.NaN);
  const more = Number.isFinite(retry_after) ? { retry_after_ms: retry_after * 1_000 } : {};
  try {
    const { code, title, detail, state } = (await response.json()) as Problem;
    if (typeof code !== 'string' || typeof title !== 'string') throw new TypeError('no problem of ours');
    const error = { code, message: title, retryable: retryable || passing.has(code) };
    return new CallFailed(error, { ...more, detail, ...(state === undefined ? {} : { state }) });
  } catch {
    return new CallFailed({ code: 'UNAVAILABLE', message: `HTTP ${response.status}`, retryable }, more);
  }
}
