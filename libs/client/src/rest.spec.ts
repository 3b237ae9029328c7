import { afterEach, expect, test, vi } from 'vitest';
import { CallFailed, Rest } from './rest.ts';

// Not only before each test: other files run in the same process.
afterEach(() => vi.restoreAllMocks());

const answerWith = (answer: () => Response) => vi.spyOn(globalThis, 'fetch').mockImplementation(async () => answer());
const failureOf = (call: Promise<unknown>) => call.then(() => undefined).catch((error: unknown) => error);

test('without a token a call fails, retryable, and nothing is sent', async () => {
  const asked = answerWith(() => Response.json({}));
  for (const source of [
    () => Promise.reject(new Error('offline')),
    () => {
      throw new Error('offline');
    },
  ]) {
    const failure = await failureOf(new Rest('http://chat', source).session('ses_a'));
    expect(failure).toBeInstanceOf(CallFailed);
    expect(failure).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
  }
  expect(asked).not.toHaveBeenCalled();
});

test('an answer that was cut off, or is no JSON, is no answer', async () => {
  const cut = () => new ReadableStream({ start: (controller) => controller.error(new TypeError('terminated')) });
  for (const body of [() => '<html>welcome to the hotel</html>', () => '{"items":[', cut]) {
    answerWith(() => new Response(body()));
    const failure = await failureOf(new Rest('http://chat', () => 'token').messagesAfter('ses_a', 0));
    expect(failure).toBeInstanceOf(CallFailed);
    expect(failure).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
  }
});

test('a refusal keeps its code, its text in the language that was asked for, and why', async () => {
  const asked = answerWith(() => {
    const problem = { code: 'STATE_CONFLICT', title: '会话状态已改变', detail: 'why', state: 'waiting' };
    return Response.json(problem, { status: 409, headers: { 'retry-after': '2' } });
  });
  const failure = await failureOf(new Rest('http://chat', () => 'token', 'zh-CN').session('ses_a'));
  expect(failure).toMatchObject({ code: 'STATE_CONFLICT', message: '会话状态已改变', retryable: false });
  expect(failure).toMatchObject({ detail: 'why', state: 'waiting', retry_after_ms: 2_000 });
  expect(asked.mock.calls[0]?.[1]?.headers).toMatchObject({ 'accept-language': 'zh-CN' });
});

test.each([
  [409, { code: 'IN_PROGRESS', title: 'wait' }, 'IN_PROGRESS'],
  [404, { code: 'NOT_STORED_YET', title: 'wait' }, 'NOT_STORED_YET'],
  [429, { code: 'RATE_LIMITED', title: 'wait' }, 'RATE_LIMITED'],
  [502, { message: 'a proxy speaks' }, 'UNAVAILABLE'],
])('%i %j passes: it is worth another attempt', async (status, problem, code) => {
  answerWith(() => Response.json(problem, { status }));
  const failure = await failureOf(new Rest('http://chat', () => 'token').session('ses_a'));
  expect(failure).toMatchObject({ code, retryable: true });
});
