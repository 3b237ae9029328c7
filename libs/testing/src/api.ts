import type { Message, Problem, Session } from '#libs/contracts';

const DEADLINE_MS = 10_000;

/** An HTTP answer that was not 2xx. */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem;

  constructor(status: number, problem: Problem) {
    super(`${status} ${problem.code}: ${problem.detail}`);
    this.status = status;
    this.problem = problem;
  }
}

/** A caller of `/api/v1` with one bearer token; nothing is retried. */
export class Api {
  readonly url: string;
  readonly token: string | undefined;

  constructor(url: string, token?: string) {
    this.url = url;
    this.token = token;
  }

  async call<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(this.token ? { authorization: `Bearer ${this.token}` } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new ApiError(response.status, readProblem(response.status, text));
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  get<T>(path: string): Promise<T> {
    return this.call('GET', path);
  }

  post<T>(path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<T> {
    return this.call('POST', path, body, headers);
  }

  /** The whole log of a session, oldest first. */
  async log(session_id: string): Promise<Message[]> {
    const all: Message[] = [];
    for (;;) {
      const after = all.at(-1)?.seq_id ?? 0;
      const page = await this.get<{ items: Message[]; last_seq_id: number }>(
        `/messages?session_id=${session_id}&after_seq=${after}&limit=200`,
      );
      all.push(...page.items);
      if (page.items.length === 0) return all;
    }
  }

  session(session_id: string): Promise<Session> {
    return this.get(`/sessions/${session_id}`);
  }
}

function readProblem(status: number, text: string): Problem {
  try {
    return JSON.parse(text) as Problem;
  } catch {
    return { type: 'about:blank', title: 'no problem+json', status, code: 'UNAVAILABLE', detail: text.slice(0, 200) };
  }
}

/** An agent's access token. */
export async function login(url: string, username: string, password: string): Promise<string> {
  const answer = await new Api(url).post<{ access_token: string }>('/auth/login', { username, password });
  return answer.access_token;
}

/** A new visitor of the channel. @param locale in which the system speaks to the visitor */
export async function bootVisitor(
  url: string,
  channel_id: string,
  locale?: string,
): Promise<{ visitor_token: string; visitor_id: string }> {
  const answer = await new Api(url).post<{ visitor_token: string; visitor: { visitor_id: string } }>('/widget/boot', {
    channel_id,
    ...(locale === undefined ? {} : { locale }),
  });
  return { visitor_token: answer.visitor_token, visitor_id: answer.visitor.visitor_id };
}
