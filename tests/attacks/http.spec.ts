import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bootVisitor } from '#libs/testing';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';

/** More than the lock's, so that it is the lock that is seen. */
const LOGINS = 60;

let cluster: TestCluster;
let url: string;
let token: string;
beforeAll(async () => {
  const session = { SESSION_LOGIN_ATTEMPTS_PER_MINUTE: String(LOGINS) };
  cluster = await startTestCluster({ gateway: 1, router: 1, session: 1 }, { session });
  url = cluster.gatewayUrls(0)[0] ?? '';
  ({ visitor_token: token } = await bootVisitor(url, cluster.demo.channel_id));
});
afterAll(() => cluster?.stop());

/** The answer to bytes that `fetch` would not send as they are. */
function raw(
  path: string,
  options: { method?: string; body?: string; headers?: Record<string, string>; isAlone?: boolean } = {},
) {
  const { method = 'GET', body, headers = {}, isAlone = false } = options;
  return new Promise<{ status: number; type: string; text: string }>((resolve, reject) => {
    const { hostname, port } = new URL(url);
    // Alone: over a connection of its own.
    const agent = isAlone ? false : undefined;
    const call = request({ hostname, port, path, method, headers, agent }, (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString()));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', text }),
      );
    });
    call.on('error', reject);
    call.end(body);
  });
}
const json = (extra: Record<string, string> = {}) => ({
  'content-type': 'application/json',
  authorization: `Bearer ${token}`,
  ...extra,
});
function expectProblem(answer: { status: number; type: string; text: string }, status: number): void {
  expect(answer.status).toBe(status);
  expect(answer.type).toContain('application/problem+json');
  expect(JSON.parse(answer.text)).toMatchObject({ status, code: expect.any(String) as string });
  expect(answer.text).not.toMatch(/at \w+ \(|node_modules|SELECT /);
}

test.each(['/internal/heads', '/api/../internal/heads', '/api/%2e%2e/internal/heads', '//internal/heads', '/metrics'])(
  'what is internal is not to be had through the door: %s',
  async (path) => {
    const answer = await raw(path, { method: 'POST', body: '{"readers":[]}', headers: json() });
    expect([400, 404]).toContain(answer.status);
    expect([400, 404]).toContain((await raw(path, { headers: json() })).status);
  },
);

test('broken, empty, deep and huge bodies get a problem each', async () => {
  const path = '/api/v1/sessions';
  expectProblem(await raw(path, { method: 'POST', body: '{', headers: json() }), 400);
  const deep = `{"attributes":${'['.repeat(10_000)}${']'.repeat(10_000)}}`;
  expectProblem(await raw(path, { method: 'POST', body: deep, headers: json() }), 400);
  const huge = JSON.stringify({ attributes: { a: 'x'.repeat(5_000_000) } });
  expectProblem(await raw(path, { method: 'POST', body: huge, headers: json() }), 413);
  expectProblem(await raw('/api/v1/widget/boot', { method: 'POST', headers: json() }), 400);
});

test('ways, calls and tokens that do not exist get a problem each', async () => {
  expectProblem(await raw('/api/v1/nowhere', { headers: json() }), 404);
  expectProblem(await raw('/api/v1/sessions'), 401);
  expectProblem(await raw('/api/v1/sessions', { headers: { authorization: 'Bearer sk_nonsense' } }), 401);
  expectProblem(await raw('/api/v1/me', { headers: json() }), 403);
  expectProblem(await raw('/api/v1/sessions/ses_nonsense', { headers: json() }), 404);
});

test('a visitor gives itself no rights by naming them', async () => {
  const body = JSON.stringify({ role: 'admin', priority: 9, state: 'serving' });
  expectProblem(await raw('/api/v1/sessions', { method: 'POST', body, headers: json() }), 400);
  const agent = JSON.stringify({ username: 'x', password: 'a long password', name: 'X', role: 'admin' });
  expectProblem(await raw('/api/v1/agents', { method: 'POST', body: agent, headers: json() }), 403);
});

test.each(["' OR 1=1 --", 'ses_x; DROP TABLE messages', '\u0000', '%00', '../../etc/passwd'])(
  'SQL and paths in parameters do nothing: %s',
  async (text) => {
    const answer = await raw(`/api/v1/sessions?cursor=${encodeURIComponent(text)}`, { headers: json() });
    expectProblem(answer, 400);
  },
);

test('wrong passwords over fifty connections at once lock the account at exactly the tenth, whatever addresses they claim', async () => {
  const [, bo] = cluster.demo.agents;
  const login = async (password: string, count: number) => {
    const body = JSON.stringify({ username: bo?.username, password });
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': `10.0.0.${count}` };
    return (await raw('/api/v1/auth/login', { method: 'POST', body, headers, isAlone: true })).status;
  };
  const codes = await Promise.all(Array.from({ length: 50 }, (_, count) => login(`guess ${count}`, count)));
  expect(codes.filter((code) => code === 401)).toHaveLength(10);
  expect(codes.filter((code) => code === 423)).toHaveLength(40);
  expect(await login(bo?.password ?? '', 51)).toBe(423);
});

test('more sign-ins than an address may try in a minute are told to wait', async () => {
  const body = JSON.stringify({ username: 'nobody', password: 'a guess' });
  const headers = { 'content-type': 'application/json' };
  const answers = await Promise.all(
    Array.from({ length: 3 * LOGINS }, () => raw('/api/v1/auth/login', { method: 'POST', body, headers })),
  );
  const codes = answers.map(({ status }) => status);
  expect(codes.filter((code) => code === 401).length).toBeGreaterThanOrEqual(LOGINS);
  expect(codes).toContain(429);
  expect(new Set(codes)).toEqual(new Set([401, 429]));
});

test('errors speak the language that was asked for', async () => {
  const answer = await raw('/api/v1/sessions', { headers: { 'accept-language': 'zh-CN,zh;q=0.9' } });
  expect(JSON.parse(answer.text)).toMatchObject({ code: 'UNAUTHENTICATED', title: '未登录或登录已失效' });
});
