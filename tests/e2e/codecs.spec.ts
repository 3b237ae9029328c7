import { io } from 'socket.io-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { binaryClientParser } from '#libs/protocol';
import { bootVisitor, Talker, waitUntil } from '#libs/testing';
import type { Ack, Message, Sent, Session } from '#libs/contracts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { connectAgent } from '../support/conversation.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster({ gateway: 1, router: 1, session: 1 });
});
afterAll(() => cluster?.stop());

test('a stock JSON client and a binary client talk in one session and hold the same messages', async () => {
  const url = cluster.gatewayUrls(0)[0] ?? '';
  const agent = await connectAgent(cluster, 0, 0);
  const { visitor_token } = await bootVisitor(url, cluster.demo.channel_id);
  const json = new Talker([url], visitor_token);
  const received: Message[] = [];
  const frames: unknown[] = [];
  const binary = io(url, {
    transports: ['websocket'],
    auth: { token: visitor_token, protocol: 1, codec: 'binary' },
    parser: binaryClientParser,
    forceNew: true,
  });
  // A push may come twice; clients go by its identity.
  binary.on('message:created', (message: Message) => {
    if (!received.some(({ message_id }) => message_id === message.message_id)) received.push(message);
  });
  await waitUntil('both to be connected', () => json.ready && binary.connected);
  binary.io.engine.on('data', (data: unknown) => frames.push(data));
  const { session_id } = await json.api.post<Session>('/sessions', { channel_id: cluster.demo.channel_id });
  await waitUntil('the agent to serve', async () => (await json.api.session(session_id)).state === 'serving');

  const client_msg_id = crypto.randomUUID();
  const ack = (await binary.timeout(6_000).emitWithAck('message:send', {
    session_id,
    client_msg_id,
    type: 'text',
    content: 'binary 你好 👋',
  })) as Ack<Sent>;
  expect(ack.ok).toBe(true);
  await json.say(session_id, 'json 你好 👋');
  await agent.say(session_id, 'to both');
  await waitUntil('the last word at the binary client', () => received.some((one) => one.content === 'to both'));
  await waitUntil('the last word at the JSON client', () => json.pushes.some((one) => one.content === 'to both'));

  const words = (messages: readonly Message[]) => messages.filter((message) => message.type === 'text');
  const stored = words(await cluster.storedMessages(session_id));
  expect(stored.map((row) => row.content)).toEqual(['binary 你好 👋', 'json 你好 👋', 'to both']);
  expect(words(received)).toEqual(stored);
  expect(words(json.screen(session_id))).toEqual(stored);
  expect(frames.filter((frame) => typeof frame !== 'string').length).toBeGreaterThanOrEqual(3);
  binary.disconnect();
  json.close();
  agent.close();
});
