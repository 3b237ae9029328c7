import type { ArgumentsHost } from '@nestjs/common';
import { expect, test } from 'vitest';
import { type ErrorCode, Refusal } from '#libs/contracts';
import { createLogger } from '#libs/observability';
import { ProblemFilter } from './problem.filter.ts';

function answerTo(error: unknown): { status: number; headers: Record<string, string>; body: { code: string } } {
  const answer = { status: 0, headers: {} as Record<string, string>, body: { code: '' } };
  const response = {
    headersSent: false,
    setHeader: (name: string, value: string) => void (answer.headers[name] = value),
    status: (status: number) => ((answer.status = status), response),
    type: () => response,
    send: (text: string) => void (answer.body = JSON.parse(text) as { code: string }),
  };
  const http = { getResponse: () => response, getRequest: () => ({ headers: {} }) };
  const filter = new ProblemFilter(createLogger({ service: 'session', level: 'silent' }));
  filter.catch(error, { switchToHttp: () => http } as unknown as ArgumentsHost);
  return answer;
}

test.each<[ErrorCode, number, string | undefined]>([
  ['IN_PROGRESS', 409, '1'],
  ['STATE_CONFLICT', 409, undefined],
  ['NOT_FOUND', 404, undefined],
])('%s is %i, to be tried again after %s', (code, status, retryAfter) => {
  const { headers, ...answer } = answerTo(new Refusal(code));
  expect(answer).toMatchObject({ status, body: { code } });
  expect(headers['retry-after']).toBe(retryAfter);
});

test('what nobody expected is told without its inside', () => {
  const answer = answerTo(new TypeError('secret of the house'));
  expect(answer).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } });
  expect(JSON.stringify(answer)).not.toContain('secret');
});
