import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, createClient } from '#libs/client';
import type { AgentStatus, Message, Session } from '#libs/contracts';
import { Api, bootVisitor, waitUntil } from '#libs/testing';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';

let cluster: TestCluster;
let url: string;
let agent: Client;
beforeAll(async () => {
  cluster = await startTestCluster({ gateway: 1, router: 1, session: 1 });
  url = cluster.gatewayUrls(0)[0] ?? '';
  agent = start({ url, token: await cluster.agentToken(0), codec: 'binary' });
  await waitUntil('the agent to be online', () => agent.state === 'online');
  await setStatus(agent, 'online');
});
afterAll(async () => {
  agent?.close();
  await cluster?.stop();
});

function start(options: Parameters<typeof createClient>[0]): Client {
  const client = createClient(options);
  void client.run();
  return client;
}

/** Once more where the cluster could not take it in time. */
const setStatus = (client: Client, status: AgentStatus) =>
  waitUntil(`the status ${status}`, async () => {
    await client.setStatus(status);
    return true;
  });

/** A visitor with an open session that the agent serves; both follow it. */
async function openSession(through = url): Promise<{ visitor: Client; session_id: string }> {
  const { visitor_token: token } = await bootVisitor(url, cluster.demo.channel_id);
  const { session_id } = await new Api(url, token).post<Session>('/sessions');
  const visitor = start({ url: through, token });
  await visitor.follow(session_id);
  await waitUntil('the session to be served', async () => (await cluster.stateOf(session_id)) === 'serving');
  await agent.follow(session_id);
  return { visitor, session_id };
}

const words = (messages: readonly Message[]) =>
  messages.filter(({ type }) => type === 'text').map(({ content }) => content);

/** Both lists become what MySQL holds, and all of it, without anybody asking for it. */
async function expectWhole(session_id: string, visitor: Client, count: number): Promise<void> {
  const areWhole = async () => {
    const stored = await cluster.storedMessages(session_id);
    return (
      words(stored).length === count &&
      [visitor, agent].every((client) => client.messages(session_id).length === stored.length)
    );
  };
  // A client whose gateway has died comes back after up to 10 s.
  await waitUntil('both lists to be whole', areWhole, { limit_ms: 60_000 });
  const stored = await cluster.storedMessages(session_id);
  for (const client of [visitor, agent]) {
    expect(client.messages(session_id)).toEqual(stored);
    expect(client.outbox.filter((entry) => entry.state !== 'delivered')).toEqual([]);
  }
}

test('two clients of both codecs talk: the same list on both sides, in the order of the numbers', async () => {
  const { visitor, session_id } = await openSession();
  for (let count = 0; count < 50; count += 1) {
    visitor.say(session_id, `visitor ${count}`);
    agent.say(session_id, `agent ${count}`);
  }
  await expectWhole(session_id, visitor, 100);
  const own = words(visitor.messages(session_id)).filter(
    (word) => typeof word === 'string' && word.startsWith('visitor'),
  );
  expect(own).toEqual(Array.from({ length: 50 }, (_, count) => `visitor ${count}`));
  visitor.close();
});

test('pushes that were lost are fetched, and nobody had to ask', async () => {
  const { visitor, session_id } = await openSession();
  for (let count = 0; count < 60; count += 1) {
    visitor.say(session_id, `word ${count}`);
    if (count % 20 === 10) {
      await cluster.redis('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await cluster.redis('FLUSHALL');
    }
  }
  await expectWhole(session_id, visitor, 60);
  visitor.close();
});

test('a gateway dies under them: the outbox offers again, nothing is lost or shown twice', async () => {
  const { visitor, session_id } = await openSession();
  for (let count = 0; count < 30; count += 1) visitor.say(session_id, `before and after ${count}`);
  await cluster.kill('gateway', 0);
  for (let count = 30; count < 40; count += 1) visitor.say(session_id, `before and after ${count}`);
  await expectWhole(session_id, visitor, 40);
  visitor.close();
});

test('where WebSocket is blocked, words go and come over REST', async () => {
  const blocking = await startBlockingProxy();
  const { port } = blocking.address() as AddressInfo;
  const { visitor, session_id } = await openSession(`http://127.0.0.1:${port}`);
  await waitUntil('the client to notice', () => visitor.state === 'blocked', { limit_ms: 60_000 });
  visitor.say(session_id, 'over REST');
  await waitUntil('the word at the agent', () => words(agent.messages(session_id)).includes('over REST'));
  agent.say(session_id, 'read by polling');
  await expectWhole(session_id, visitor, 2);
  visitor.close();
  blocking.closeAllConnections();
  blocking.close();
});

test('where WebSocket is blocked, an agent is given sessions and answers them over REST', async () => {
  const blocking = await startBlockingProxy();
  const { port } = blocking.address() as AddressInfo;
  const other = start({ url: `http://127.0.0.1:${port}`, token: await cluster.agentToken(1) });
  await waitUntil('the client to notice', () => other.state === 'blocked', { limit_ms: 60_000 });
  await setStatus(agent, 'away');
  await setStatus(other, 'online');
  const { visitor_token: token } = await bootVisitor(url, cluster.demo.channel_id);
  const { session_id } = await new Api(url, token).post<Session>('/sessions');
  const visitor = start({ url, token });
  await visitor.follow(session_id);
  await waitUntil('the agent to hear of it', () => other.session(session_id)?.state === 'serving');
  visitor.say(session_id, 'is anybody there?');
  await waitUntil('the word at the agent', () => words(other.messages(session_id)).includes('is anybody there?'));
  other.say(session_id, 'I am');
  await waitUntil('the answer', () => words(visitor.messages(session_id)).includes('I am'));
  await setStatus(agent, 'online');
  other.close();
  visitor.close();
  blocking.closeAllConnections();
  blocking.close();
});

/** What a company's proxy does: passes HTTP on and lets no upgrade through. */
async function startBlockingProxy(): Promise<Server> {
  const target = new URL(url);
  const server = createServer((incoming, response) => {
    const { method, headers, url: path } = incoming;
    if (path?.startsWith('/socket.io')) return void response.writeHead(403).end();
    const onward = request({ hostname: target.hostname, port: target.port, path, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  server.on('upgrade', (_request, socket) => {
    socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
