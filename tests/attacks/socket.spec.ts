import { randomUUID } from 'node:crypto';
import { generateKeyPair, SignJWT } from 'jose';
import { io } from 'socket.io-client';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { bootVisitor, type Talker, waitUntil } from '#libs/testing';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { connectAgent, type Conversation, openConversation, violationsOf } from '../support/conversation.ts';
import { RawSocket } from '../support/raw-socket.ts';

let cluster: TestCluster;
let agent: Talker;
let talk: Conversation;
let url: string;
let token: string;
let pids: (number | undefined)[];
beforeAll(async () => {
  cluster = await startTestCluster(
    { gateway: 1, router: 1, session: 1 },
    {
      gateway: {
        GATEWAY_AUTH_DEADLINE_MS: '5000',
        GATEWAY_LIMITS_MESSAGES_PER_SECOND: '50',
        GATEWAY_LIMITS_BURST: '200',
        GATEWAY_ALLOWED_ORIGINS: 'https://shop.example.com',
      },
    },
  );
  url = cluster.gatewayUrls(0)[0] ?? '';
  agent = await connectAgent(cluster, 0, 0);
  talk = await openConversation(cluster, agent);
  ({ visitor_token: token } = await bootVisitor(url, cluster.demo.channel_id));
  pids = cluster.pids();
});
afterAll(async () => {
  talk?.visitor.close();
  agent?.close();
  await cluster?.stop();
});
// Whatever was tried: nobody died, and others talk on.
afterEach(async () => {
  const said = await talk.visitor.say(talk.session_id, `still here ${randomUUID()}`);
  await waitUntil('the word to arrive', () => agent.pushes.some((push) => push.message_id === said.message_id));
  expect(cluster.pids()).toEqual(pids);
});

/** What a stock client is told when it is not let in. */
function refusal(auth: Record<string, unknown>, options = {}): Promise<Record<string, unknown> | undefined> {
  return new Promise((resolve, reject) => {
    const socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false, auth, ...options });
    socket.on('connect_error', (error: Error & { data?: Record<string, unknown> }) => {
      socket.disconnect();
      resolve(error.data);
    });
    socket.on('connection:ready', () => reject(new Error('it was let in')));
  });
}
/** A token of ours in all but the key. */
async function forged(claims: Record<string, unknown>, audience = 'seqdesk/visitor'): Promise<string> {
  const { privateKey } = await generateKeyPair('EdDSA');
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'EdDSA', kid: 'forged' })
    .setIssuer('seqdesk')
    .setAudience(audience)
    .setSubject('vis_01m86sysf5fkzr3qknpdyxbpkj')
    .setExpirationTime('1h')
    .sign(privateKey);
}
const unsigned = () => `${Buffer.from('{"alg":"none"}').toString('base64url')}.${token.split('.')[1] ?? ''}.`;

test.each([
  ['}{', '4}{'],
  ['42[', '42['],
  ['999', '4999'],
  ['an event that is no array', '42{"a":1}'],
  ['an acknowledgement nobody asked for', '43999[]'],
  ['a million announced attachments', '451000000-["x",{"_placeholder":true,"num":0}]'],
  ['JSON nested 10,000 deep', `42["message:send",${'['.repeat(10_000)}${']'.repeat(10_000)}]`],
])('%s: a typed error or silence, and the line is cut where it must be', async (_name, packet) => {
  const raw = await RawSocket.signedIn(url, token);
  raw.send(packet);
  // What is malformed ends the connection with a number of the protocol's range; an unasked acknowledgement is ignored.
  if (packet.startsWith('43')) {
    expect(await raw.ask(7, 'nonsense', {})).toMatchObject({ ok: false });
    return raw.close();
  }
  const error = await raw.ended();
  expect(error).toMatchObject({ code: 'MALFORMED_FRAME', number: 1001, retryable: false });
});

test('unsolicited binary garbage ends the connection with a typed error', async () => {
  const raw = await RawSocket.signedIn(url, token);
  raw.send(Buffer.from([9, 9, 9, 0, 255, 254]));
  expect(await raw.ended()).toMatchObject({ code: 'MALFORMED_FRAME' });
});

test('a frame of 5 MB ends the connection', async () => {
  const raw = await RawSocket.signedIn(url, token);
  raw.send(`42["message:send","${'x'.repeat(5_000_000)}"]`);
  await waitUntil('the server to close', () => raw.closed !== undefined);
});

test.each(['__proto__', 'constructor', 'toString', 'disconnect', 'connection:ready', 'nonsense'])(
  'the event %s is not known',
  async (event) => {
    const raw = await RawSocket.signedIn(url, token);
    raw.send(`421${JSON.stringify([event, {}])}`);
    await waitUntil(
      'an answer or the end',
      () => raw.closed !== undefined || raw.packets.some((p) => p.startsWith('431')),
    );
    const answer = raw.packets.find((packet) => packet.startsWith('431'));
    if (answer) expect(answer).toContain('"code":"UNKNOWN_EVENT"');
    else expect(await raw.ended()).toMatchObject({ number: expect.any(Number) as number });
    raw.close();
  },
);

test('who does not sign in is cut after the deadline', async () => {
  const raw = await RawSocket.open(url);
  await waitUntil('the server to close', () => raw.closed !== undefined);
});

test('tokens that are missing, forged, unsigned, of another audience or in the query are refused for good', async () => {
  const agentToken = await forged({ role: 'admin', team_ids: [] }, 'seqdesk/agent');
  const wrong = [undefined, '', 'x', 12, unsigned(), await forged({ channel_id: 'chn_x' }), agentToken];
  for (const one of wrong) {
    expect(await refusal({ token: one, protocol: 1 })).toMatchObject({
      code: 'UNAUTHENTICATED',
      number: 2001,
      retryable: false,
    });
  }
  expect(await refusal({ protocol: 1 }, { query: { token } })).toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(await refusal({ token, protocol: 2 })).toMatchObject({ code: 'UNSUPPORTED_PROTOCOL', retryable: false });
});

test('a page of a foreign origin opens no socket, one of an allowed origin does', async () => {
  const extraHeaders = { origin: 'https://evil.example.com' };
  expect(await refusal({ token, protocol: 1 }, { extraHeaders })).toBeUndefined();
  const raw = await RawSocket.open(url, { origin: 'https://shop.example.com' });
  raw.close();
});

test("a visitor can't use agents' events", async () => {
  const raw = await RawSocket.signedIn(url, token);
  const { session_id } = talk;
  expect(await raw.ask(1, 'agent:status', { status: 'online' })).toMatchObject({
    ok: false,
    error: { code: 'FORBIDDEN' },
  });
  expect(await raw.ask(2, 'session:watch', { session_id })).toMatchObject({ ok: false });
  raw.close();
});

test("another visitor's session can't be written to, read or watched", async () => {
  const raw = await RawSocket.signedIn(url, token);
  const { session_id } = talk;
  const word = { session_id, client_msg_id: randomUUID(), type: 'text', content: 'I am not here' };
  for (const [number, event, data] of [
    [1, 'message:send', word],
    [2, 'session:read', { session_id, seq_id: 1 }],
    [3, 'session:typing', { session_id, typing: true }],
  ] as const) {
    expect(await raw.ask(number, event, data)).toMatchObject({ ok: false, error: { code: 'NOT_FOUND' } });
  }
  raw.close();
});

test("fields that are the server's are refused, and so is what is no message", async () => {
  const { session_id, visitor } = talk;
  const word = { session_id, client_msg_id: randomUUID(), type: 'text', content: 'x' };
  const wrong = [
    { ...word, seq_id: 1 },
    { ...word, sender: 'agt_x' },
    { ...word, send_time: '1' },
    { ...word, type: 'system' },
    { ...word, type: 'transfer', content: { from: 'a', to: 'b' } },
    { ...word, content: 'x'.repeat(10_001) },
    { ...word, content: '' },
    { ...word, content: { text: 'x' } },
    { ...word, client_msg_id: 'not a uuid' },
    { ...word, session_id: 'ses_' },
    {},
    null,
    'text',
    [word],
  ];
  for (const data of wrong) {
    const answer = await visitor.emit('message:send', data);
    expect({ data, answer }).toMatchObject({ data, answer: { ok: false, error: { retryable: false } } });
  }
});

test('a thousand messages at once on one socket: some are refused to be sent again, none is lost', async () => {
  const { session_id, visitor } = await openConversation(cluster, agent);
  const answers = await Promise.all(
    Array.from({ length: 1_000 }, (_, index) => visitor.sendOnce(session_id, `flood ${index}`, randomUUID())),
  );
  const refused = answers.filter((answer) => !answer.ok);
  expect(refused.length).toBeGreaterThan(500);
  for (const answer of refused) expect(answer).toMatchObject({ error: { code: 'RATE_LIMITED', retryable: true } });
  const acked = answers.flatMap((answer) => (answer.ok ? [answer.data.message_id] : []));
  await waitUntil('the acked ones to be stored', async () => (await cluster.placesOf(acked)).length === acked.length);
  visitor.close();
});

test.each([
  ['HTML', '<script>alert(1)</script><img src=x onerror=alert(1)>'],
  ['template syntax', '{{constructor.constructor("alert(1)")()}} ${7*7}'],
  ['right-to-left overrides and zalgo', '\u202Egnp.exe\u202C Z\u0351\u036B\u0343'],
  ['NUL and control characters', 'a\u0000b\u0001\u001b[31m'],
  ['4-byte emoji', '👩‍👩‍👧‍👦🏳️‍🌈𠮷'],
  ['many newlines', '\n'.repeat(9_999)],
  ['text that looks like a packet', '42["message:send",{}]'],
])('%s arrives as it was sent', async (_name, content) => {
  const said = await talk.visitor.say(talk.session_id, content);
  const seen = await waitUntil('the word to arrive', () =>
    agent.pushes.find((push) => push.message_id === said.message_id),
  );
  expect(seen.content).toBe(content);
  const stored = await cluster.storedMessages(talk.session_id);
  expect(stored.find((row) => row.message_id === said.message_id)?.content).toBe(content);
});

test('lone surrogates are refused or stored as they are, the session stays whole', async () => {
  await talk.visitor.emit('message:send', {
    session_id: talk.session_id,
    client_msg_id: randomUUID(),
    type: 'text',
    content: 'half \uD83D of a smile',
  });
  expect(await violationsOf(cluster, talk)).toEqual([]);
});

test('a reader that never reads is cut, and the others are served', async () => {
  const { visitor_token } = await bootVisitor(url, cluster.demo.channel_id);
  const raw = await RawSocket.signedIn(url, visitor_token);
  raw.socket.pause();
  const opened = await fetch(`${url}/api/v1/sessions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${visitor_token}`, 'content-type': 'application/json' },
    body: '{}',
  });
  const { session_id } = (await opened.json()) as { session_id: string };
  await waitUntil('the session to be served', async () => (await cluster.stateOf(session_id)) === 'serving');
  const content = '厚'.repeat(10_000);
  await waitUntil(
    'the gateway to cut it',
    async () => {
      for (let count = 0; count < 20; count += 1) await agent.sendOnce(session_id, content, randomUUID());
      const ops = cluster.instance.services('gateway')[0]?.ops_port;
      const metrics = await (await fetch(`http://127.0.0.1:${ops}/metrics`)).text();
      return /seqdesk_gateway_slow_readers_cut_total\{[^}]*\} [1-9]/.test(metrics);
    },
    { limit_ms: 60_000 },
  );
  raw.close();
});
