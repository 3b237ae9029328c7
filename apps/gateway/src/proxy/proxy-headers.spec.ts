import { expect, test } from 'vitest';
import { isApiPath, requestHeaders, responseHeaders } from './proxy-headers.ts';

const origin = { address: '1.2.3.4', proto: 'https' } as const;

test('headers of one hop stay on it, those that Connection names too', () => {
  const incoming = {
    connection: 'keep-alive, X-Secret-Hop',
    'keep-alive': 'timeout=5',
    'transfer-encoding': 'chunked',
    upgrade: 'h2c',
    te: 'trailers',
    'x-secret-hop': '1',
    'content-type': 'application/json',
  };
  expect(responseHeaders(incoming)).toEqual({ 'content-type': 'application/json' });
  expect(Object.keys(requestHeaders(incoming, origin)).sort()).toEqual([
    'content-type',
    'x-forwarded-for',
    'x-forwarded-proto',
  ]);
});

test('what a client says of its own origin is replaced by what is known', () => {
  const incoming = {
    host: 'chat.example.com',
    expect: '100-continue',
    forwarded: 'for=6.6.6.6',
    'x-forwarded-for': '6.6.6.6, 10.0.0.1',
    'x-forwarded-host': 'evil.example.com',
    'x-real-ip': '6.6.6.6',
    authorization: 'Bearer x',
    'idempotency-key': 'k',
  };
  expect(requestHeaders(incoming, origin)).toEqual({
    authorization: 'Bearer x',
    'idempotency-key': 'k',
    'x-forwarded-for': '1.2.3.4',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'chat.example.com',
  });
});

test('what session says of limits and of when to come back reaches the caller', () => {
  const limits = { 'retry-after': '1', ratelimit: 'limit=50, remaining=0, reset=1', 'ratelimit-policy': '50;w=1' };
  expect(responseHeaders({ ...limits, connection: 'keep-alive' })).toEqual(limits);
});

test('several cookies stay several', () => {
  expect(responseHeaders({ 'set-cookie': ['a=1', 'b=2'] })).toEqual({ 'set-cookie': ['a=1', 'b=2'] });
});

test.each([
  '/api',
  '/api/v1/me',
  '/api/v1/.well-known/jwks.json',
  '/api/v1/messages?session_id=x&after=../..',
  '/api/v1/a..b',
])('%s is passed on', (path) => expect(isApiPath(path)).toBe(true));

test.each([
  '',
  '/',
  '/apix',
  '/internal/heads',
  'http://session/internal/heads',
  '//internal/heads',
  '/api//internal',
  '/api/../internal/heads',
  '/api/v1/..',
  '/api/./v1',
  '/api/%2e%2e/internal/heads',
  '/api/%2E./internal/heads',
  '/api/..%2finternal/heads',
  '/api\\..\\internal',
  '/api/v1\\..\\..\\internal',
  '/api/%5c..%5cinternal',
])('%s is not', (path) => {
  expect(isApiPath(path)).toBe(false);
});
