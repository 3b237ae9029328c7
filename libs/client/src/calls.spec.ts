import { expect, test } from 'vitest';
import type { ErrorCode, Session } from '#libs/contracts';
import { Calls } from './calls.ts';
import { CallFailed, type CallOptions, type FailureMore } from './rest.ts';

interface Asked extends CallOptions {
  line: string;
}
const failed = (code: ErrorCode, retryable: boolean, more: FailureMore = {}) =>
  new CallFailed({ code, message: code, retryable }, more);
const lost = () => failed('UNAVAILABLE', true);

/** Calls over a server that gives these answers, one a call, and the last one for ever. */
function callsOver(...answers: unknown[]) {
  const asked: Asked[] = [];
  const taken: Session[] = [];
  const closing = new AbortController();
  const calls = new Calls({
    rest: {
      call: async (method, path, options) => {
        asked.push({ line: `${method} ${path}`, ...options });
        const answer = answers[Math.min(asked.length, answers.length) - 1];
        if (answer instanceof Error) throw answer;
        return answer as never;
      },
    },
    expectSession: () => (session) => taken.push(session),
    random: () => 0,
    closing: closing.signal,
  });
  return { calls, asked, taken, closing };
}

const agent = 'agt_a' as never;
const team = 'team_a' as never;
test.each<[string, (calls: Calls) => Promise<unknown>, unknown?]>([
  ['POST /sessions', (calls) => calls.open(), {}],
  ['POST /sessions/s/request_human', (calls) => calls.requestHuman('s')],
  ['POST /sessions/s/accept', (calls) => calls.accept('s')],
  ['POST /sessions/s/transfer', (calls) => calls.transfer('s', { to_agent: agent }), { to_agent: agent }],
  [
    'POST /sessions/s/transfer',
    (calls) => calls.transfer('s', { to_team: team, reason: 'why' }),
    { to_team: team, reason: 'why' },
  ],
  ['POST /sessions/s/transfer/accept', (calls) => calls.acceptTransfer('s')],
  ['POST /sessions/s/transfer/reject', (calls) => calls.rejectTransfer('s')],
  ['POST /sessions/s/transfer/cancel', (calls) => calls.cancelTransfer('s')],
  ['POST /sessions/s/return_to_queue', (calls) => calls.returnToQueue('s')],
  ['POST /sessions/s/take_over', (calls) => calls.takeOver('s')],
  ['POST /sessions/s/reassign', (calls) => calls.reassign('s', agent), { to_agent: agent }],
  ['POST /sessions/s/close', (calls) => calls.close('s', { reason: 'done' }), { reason: 'done' }],
  ['POST /sessions/s/rating', (calls) => calls.rate('s', { score: 5 }), { score: 5 }],
  ['PUT /sessions/s/tags', (calls) => calls.tag('s', ['vip']), { tags: ['vip'] }],
  ['PATCH /sessions/s', (calls) => calls.update('s', { priority: 3 }), { priority: 3 }],
])('%s: a lost answer is asked for again under the same key, and what comes is held', async (line, act, body) => {
  const { calls, asked, taken } = callsOver(lost(), lost(), { session_id: 's' });
  expect(await act(calls)).toEqual({ session_id: 's' });
  expect(asked.map((one) => one.line)).toEqual([line, line, line]);
  expect(asked.map((one) => one.body)).toEqual([body, body, body]);
  expect(asked[0]?.idempotency_key).toMatch(/^[0-9a-f-]{36}$/);
  expect(new Set(asked.map((one) => one.idempotency_key)).size).toBe(1);
  expect(taken).toEqual([{ session_id: 's' }]);
});

test('two changes have two keys; who gives a key may repeat the call later', async () => {
  const { calls, asked } = callsOver({ session_id: 's' });
  await calls.accept('s');
  await calls.accept('s');
  await calls.accept('s', 'own');
  await calls.accept('s', 'own');
  const [first, second, ...own] = asked.map((one) => one.idempotency_key);
  expect(first).not.toBe(second);
  expect(own).toEqual(['own', 'own']);
});

test('a refusal for good is told at once, one that passes after some attempts', async () => {
  const full = callsOver(failed('AGENT_FULL', false));
  await expect(full.calls.accept('s')).rejects.toMatchObject({ code: 'AGENT_FULL' });
  expect(full.asked).toHaveLength(1);
  const busy = callsOver(failed('IN_PROGRESS', true), { session_id: 's' });
  await busy.calls.accept('s');
  expect(busy.asked).toHaveLength(2);
  const away = callsOver(lost());
  await expect(away.calls.accept('s')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(away.asked).toHaveLength(3);
  expect(away.taken).toEqual([]);
});

test('a server that asks for a long pause is not waited for, nor is anybody after the end', async () => {
  const limited = callsOver(failed('RATE_LIMITED', true, { retry_after_ms: 60_000 }));
  await expect(limited.calls.accept('s')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  expect(limited.asked).toHaveLength(1);
  const ended = callsOver(lost());
  ended.closing.abort();
  await expect(ended.calls.accept('s')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(ended.asked).toHaveLength(1);
});

test('questions carry no key; queues and lists of people are read to their end', async () => {
  const { calls, asked } = callsOver(
    { items: [{ session_id: 's' }], next_cursor: 'team_a:200' },
    { items: [{ session_id: 't' }], next_cursor: null },
    { items: [{ session_id: 's' }], next_cursor: null },
    { items: [{ name: 'Anna' }], next_cursor: 'more' },
    { items: [{ name: 'Bo' }], next_cursor: null },
    { items: [], next_cursor: null },
    { items: [], next_cursor: null },
  );
  expect(await calls.queue()).toEqual([{ session_id: 's' }, { session_id: 't' }]);
  await calls.queue('team_a');
  expect((await calls.agents()).map(({ name }) => name)).toEqual(['Anna', 'Bo']);
  await calls.teams();
  await calls.sessions({ state: 'serving', limit: 5 });
  expect(asked.map(({ line }) => line)).toEqual([
    'GET /queue?limit=200',
    'GET /queue?limit=200&cursor=team_a%3A200',
    'GET /queue/team_a?limit=200',
    'GET /agents?limit=200',
    'GET /agents?limit=200&cursor=more',
    'GET /teams?limit=200',
    'GET /sessions?state=serving&limit=5',
  ]);
  expect(asked.every(({ idempotency_key }) => idempotency_key === undefined)).toBe(true);
});

test('the own status without a socket: a lost answer is asked for again under the same key', async () => {
  const { calls, asked } = callsOver(lost(), { status: 'busy' });
  await calls.setStatus('busy');
  expect(asked).toHaveLength(2);
  expect(asked[0]).toMatchObject({ line: 'PATCH /me', body: { status: 'busy' } });
  expect(asked[0]?.idempotency_key).toMatch(/^[0-9a-f-]{36}$/);
  expect(asked[1]).toEqual(asked[0]);
});
