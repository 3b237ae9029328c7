import type { IncomingHttpHeaders } from 'node:http';

type Headers = Record<string, string | string[]>;

/** Headers of one hop (RFC 9110 §7.6.1), which are never passed on. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** What we say ourselves, or what only concerns this hop; a client's own word on it counts for nothing. */
const OUR_OWN = new Set([
  'expect',
  'forwarded',
  'host',
  'http2-settings',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
]);

export interface Origin {
  /** The client's address, as far as it is believed. */
  readonly address: string;
  readonly proto: 'http' | 'https';
}

/** The headers with which a client's request goes on. One address only in X-Forwarded-For: session believes its last proxy. */
export function requestHeaders(incoming: IncomingHttpHeaders, { address, proto }: Origin): Headers {
  const headers = withoutHop(incoming);
  for (const name of OUR_OWN) Reflect.deleteProperty(headers, name);
  headers['x-forwarded-for'] = address;
  headers['x-forwarded-proto'] = proto;
  if (incoming.host !== undefined) headers['x-forwarded-host'] = incoming.host;
  return headers;
}

/** The headers with which an answer goes back. */
export function responseHeaders(incoming: IncomingHttpHeaders): Headers {
  return withoutHop(incoming);
}

function withoutHop(incoming: IncomingHttpHeaders): Headers {
  const named = new Set((incoming.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  const headers: Headers = {};
  for (const [name, value] of Object.entries(incoming)) {
    if (value !== undefined && !HOP_BY_HOP.has(name) && !named.has(name)) headers[name] = value;
  }
  return headers;
}

/**
 * Whether the path is one of the public API and says so in the only way: no dot segments, in whatever disguise, no
 * backslash, no doubled slash, by which session could read another path than was judged here.
 */
export function isApiPath(target: string): boolean {
  const [path = ''] = target.split('?', 1);
  if (path !== '/api' && !path.startsWith('/api/')) return false;
  return !/\/\/|\\|\/(?:\.|%2e){1,2}(?:\/|$)|%2f|%5c|%00/i.test(path);
}
