import type { Message, MessageSend, Problem, Sent, Session, SocketError } from '#libs/contracts';

const DEADLINE_MS = 10_000;
const PROBE_DEADLINE_MS = 3_000;
const PAGE = 200;

/** A call that was refused or did not get through; `retryable` as on the socket. */
export class CallFailed extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(error: SocketError) {
    super(error.message);
    this.code = error.code;
    this.retryable = error.retryable;
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

/** The few REST calls the SDK needs; each rejects with CallFailed only. No retries: who calls knows whether to try again. */
export class Rest {
  readonly #url: string;
  readonly #token: TokenSource;

  constructor(url: string, token: TokenSource) {
    this.#url = url;
    this.#token = token;
  }

  /** What follows `after_seq`; with `wait_seconds` an empty answer is held until something comes. */
  messagesAfter(session_id: string, after_seq: number, wait_seconds = 0, signal?: AbortSignal): Promise<MessagesPage> {
    const wait = wait_seconds > 0 ? `&wait=${wait_seconds}` : '';
    const query = `session_id=${session_id}&after_seq=${after_seq}&limit=${PAGE}${wait}`;
    return this.#call('GET', `/messages?${query}`, { wait_ms: wait_seconds * 1_000, signal });
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
    return this.#call('GET', `/sessions/${session_id}`);
  }

  send({ session_id, ...body }: MessageSend): Promise<Sent> {
    return this.#call('POST', `/sessions/${session_id}/messages`, { body });
  }

  async #call<T>(method: string, path: string, { body, wait_ms = 0, signal }: CallOptions = {}): Promise<T> {
    const token = await this.#fetchToken();
    const deadline = AbortSignal.timeout(DEADLINE_MS + wait_ms);
    const init: RequestInit = {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    };
    if (body !== undefined) init.body = JSON.stringify(body);
    let response: Response;
    try {
      response = await fetch(`${this.#url}/api/v1${path}`, init);
      // Here too: a body can be cut off, or be a proxy's page.
      if (response.ok) return (await response.json()) as T;
    } catch (cause) {
      throw unavailable(`no answer: ${String(cause)}`);
    }
    throw new CallFailed(await readProblem(response));
  }

  async #fetchToken(): Promise<string> {
    try {
      return await this.#token();
    } catch (cause) {
      throw unavailable(`no token: ${String(cause)}`);
    }
  }
}

interface CallOptions {
  body?: unknown;
  /** How long the server may hold the answer back. */
  wait_ms?: number;
  signal?: AbortSignal | undefined;
}

async function readProblem(response: Response): Promise<SocketError> {
  const retryable = response.status >= 500 || response.status === 429;
  try {
    const problem = (await response.json()) as Problem;
    return { code: problem.code, message: problem.detail, retryable };
  } catch {
    return { code: 'UNAVAILABLE', message: `HTTP ${response.status}`, retryable };
  }
}
