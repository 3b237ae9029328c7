import { expect, test } from 'vitest';
import { type Ack, Refusal } from '#libs/contracts';
import { Overloaded, SendFailed } from '#libs/kafka';
import { MALFORMED } from '#libs/protocol';
import { fakeConnection, fakeMetrics } from '../../fixture/connection-fixture.ts';
import type { EventHandler } from './client-events.ts';
import { Dispatcher } from './dispatcher.ts';

function make(handler: EventHandler = () => Promise.resolve({}), burst = 100, rate = 1) {
  const seen: unknown[] = [];
  const logged: string[] = [];
  const record: EventHandler = (connection, data) => {
    seen.push(data);
    return handler(connection, data);
  };
  const dispatcher = new Dispatcher({
    handlers: new Map([['session:read', record]]),
    limit: { rate, burst },
    metrics: fakeMetrics(),
    noteSign: () => undefined,
    log: { error: (_fields, message) => void logged.push(message) },
  });
  const fake = fakeConnection({ burst });
  const call = (...args: unknown[]) =>
    new Promise<Ack<object>>((resolve) => dispatcher.dispatch(fake.connection, [...args, resolve]));
  return { dispatcher, ...fake, call, seen, logged };
}

test('a handler gets the data, its client the answer', async () => {
  const { call, seen } = make(() => Promise.resolve({ done: 1 }));
  expect(await call('session:read', { a: 1 })).toEqual({ ok: true, data: { done: 1 } });
  expect(seen).toEqual([{ a: 1 }]);
});

test('without an acknowledgement an event is handled all the same, and its failure hurts nobody', async () => {
  const { dispatcher, connection, wire, seen } = make(() => Promise.reject(new Refusal('NOT_FOUND')));
  dispatcher.dispatch(connection, ['session:read', 1]);
  await new Promise(setImmediate);
  expect(seen).toEqual([1]);
  expect(wire.frames).toEqual([]);
  expect(dispatcher.underWay).toBe(0);
});

test.each<[string, Error, string, boolean]>([
  ['a refusal', new Refusal('FORBIDDEN'), 'FORBIDDEN', false],
  ['Kafka is away', new SendFailed('NO_ACK', 'x', { retryable: true }), 'UNAVAILABLE', true],
  ['too much waits for Kafka', new Overloaded(5), 'OVERLOADED', true],
  ['an error nobody expected', new TypeError('x is not a function'), 'UNAVAILABLE', true],
])('%s becomes a typed answer', async (_name, error, code, retryable) => {
  const { call, logged } = make(() => Promise.reject(error));
  expect(await call('session:read', 1)).toMatchObject({ ok: false, error: { code, retryable } });
  expect(logged).toHaveLength(error instanceof TypeError ? 1 : 0);
});

test('an answer names the places that are wrong, never their content', async () => {
  const errors = [{ path: 'content', message: 'secret words' }];
  const { call } = make(() => Promise.reject(new Refusal('VALIDATION_FAILED', { errors })));
  const answer = await call('session:read', 1);
  expect(answer).toMatchObject({ ok: false, error: { message: 'The request is not valid. (content)' } });
});

test('unknown names, names of what every object has, and numbers are unknown events', async () => {
  const { call, connection, dispatcher, wire } = make();
  for (const event of ['message:delete', 'constructor', '__proto__', 7, '']) {
    expect(await call(event, {})).toMatchObject({ ok: false, error: { code: 'UNKNOWN_EVENT' } });
  }
  expect(connection.isOpen).toBe(true);
  dispatcher.dispatch(connection, ['message:delete', {}]);
  expect(wire.events).toMatchObject([['error', { code: 'UNKNOWN_EVENT', number: 1002 }]]);
  expect(connection.isOpen).toBe(false);
});

test('no data and too much data are refused', async () => {
  const { call, seen } = make();
  expect(await call('session:read')).toMatchObject({ ok: false, error: { code: 'VALIDATION_FAILED' } });
  expect(await call('session:read', 1, 2)).toMatchObject({ ok: false, error: { code: 'VALIDATION_FAILED' } });
  expect(seen).toEqual([]);
});

test('a packet nobody could read is told and closes the socket; what follows is not handled', () => {
  const { dispatcher, connection, wire, seen } = make();
  dispatcher.dispatch(connection, [MALFORMED, 'the frame is too short']);
  dispatcher.dispatch(connection, ['session:read', 1]);
  expect(wire.events).toMatchObject([['error', { code: 'MALFORMED_FRAME', number: 1001, retryable: false }]]);
  expect(wire.readyState).toBe('closing');
  expect(seen).toEqual([]);
});

test('beyond the burst events are refused, to be sent again', async () => {
  const { call, seen } = make(undefined, 2);
  const answers = await Promise.all([1, 2, 3].map((data) => call('session:read', data)));
  expect(answers.map(({ ok }) => ok)).toEqual([true, true, false]);
  expect(answers[2]).toMatchObject({ error: { code: 'RATE_LIMITED', retryable: true } });
  expect(seen).toEqual([1, 2]);
});

test('who goes on in spite of thousands of refusals is told why and closed; each refusal before was answered', async () => {
  const { call, connection, wire } = make(undefined, 1, 0);
  const answers = await Promise.all(Array.from({ length: 5_001 }, (_, data) => call('session:read', data)));
  expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
  expect(connection.isOpen).toBe(true);
  expect(await call('session:read', 1)).toMatchObject({ error: { code: 'RATE_LIMITED' } });
  expect(wire.events).toMatchObject([['error', { code: 'RATE_LIMITED', number: 3002, retryable: true }]]);
  expect(wire.readyState).toBe('closing');
});

test('what is under way is counted until it is answered', async () => {
  const { promise, resolve } = Promise.withResolvers<object>();
  const { call, connection, dispatcher } = make(() => promise);
  const answer = call('session:read', 1);
  expect([connection.pending, dispatcher.underWay]).toEqual([1, 1]);
  resolve({});
  await answer;
  expect([connection.pending, dispatcher.underWay]).toEqual([0, 0]);
});
