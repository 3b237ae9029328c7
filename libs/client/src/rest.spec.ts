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

test('a refusal keeps its code', async () => {
  answerWith(() => Response.json({ code: 'FORBIDDEN', detail: 'no' }, { status: 403 }));
  const failure = await failureOf(new Rest('http://chat', () => 'token').session('ses_a'));
  expect(failure).toMatchObject({ code: 'FORBIDDEN', message: 'no', retryable: false });
});
