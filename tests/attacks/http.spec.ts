import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bootVisitor } from '#libs/testing';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';

let cluster: TestCluster;
let url: string;
let token: string;
beforeAll(async () => {
  cluster = await startTestCluster({ gateway: 1, router: 1, session: 1 });
  url = cluster.gatewayUrls(0)[0] ?? '';
  ({ visitor_token: token } = await bootVisitor(url, cluster.demo.channel_id));
});
afterAll(() => cluster?.stop());

/** The answer to bytes that `fetch` would not send as they are. */
function raw(path: string, options: { method?: string; body?: string; headers?: Record<string, string> } = {}) {
  const { method = 'GET', body, headers = {} } = options;
  return new Promise<{ status: number; type: string; text: string }>((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const call = request({ hostname, port, path, method, headers }, (response) => {
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

test('wrong passwords over many connections lock the account, whatever addresses they claim', async () => {
  const codes: number[] = [];
  for (let count = 0; count < 30; count += 1) {
    const body = JSON.stringify({ username: 'bo', password: `guess ${count}` });
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': `10.0.0.${count}` };
    codes.push((await raw('/api/v1/auth/login', { method: 'POST', body, headers })).status);
  }
  expect(codes.filter((code) => code === 401)).toHaveLength(10);
  expect(codes.slice(10).every((code) => code === 423 || code === 429)).toBe(true);
});

test('errors speak the language that was asked for', async () => {
  const answer = await raw('/api/v1/sessions', { headers: { 'accept-language': 'zh-CN,zh;q=0.9' } });
  expect(JSON.parse(answer.text)).toMatchObject({ code: 'UNAUTHENTICATED', title: '未登录或登录已失效' });
});
