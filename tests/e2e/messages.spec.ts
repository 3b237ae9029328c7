import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Api, ApiError, waitUntil } from '#libs/testing';
import type { Message } from '#libs/contracts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { connectAgent, type Conversation, openConversation } from '../support/conversation.ts';

interface Page {
  items: Message[];
  total?: number;
  last_seq_id: number;
  log_epoch: number;
}

let cluster: TestCluster;
let talk: Conversation;
let key: Api;
beforeAll(async () => {
  cluster = await startTestCluster({ gateway: 1, router: 1, session: 1 });
  const agent = await connectAgent(cluster, 0, 0);
  talk = await openConversation(cluster, agent);
  key = new Api(cluster.gatewayUrls(0)[0] ?? '', cluster.demo.api_key);
  for (let count = 1; count <= 12; count += 1) await talk.visitor.say(talk.session_id, `word ${count}`);
  await waitUntil('the last word', () => agent.pushes.some((push) => push.content === 'word 12'));
});
afterAll(async () => {
  talk?.visitor.close();
  talk?.agent.close();
  await cluster?.stop();
});

const list = (query: string) => key.get<Page>(`/messages?session_id=${talk.session_id}${query}`);
const seqs = (page: Page) => page.items.map((item) => item.seq_id);

test('history by page, after, before and latest: ascending, and the same rows', async () => {
  const all = await cluster.storedMessages(talk.session_id);
  const numbers = all.map((row) => row.seq_id);
  const first = await list('&page=1&size=5');
  expect(first).toMatchObject({ total: all.length, last_seq_id: all.length });
  expect(first.log_epoch).toBeGreaterThan(0);
  expect(seqs(first)).toEqual(numbers.slice(0, 5));
  expect(seqs(await list('&page=2&size=5'))).toEqual(numbers.slice(5, 10));
  expect(seqs(await list('&page=99&size=5'))).toEqual([]);
  expect(seqs(await list('&after_seq=3&limit=4'))).toEqual([4, 5, 6, 7]);
  expect(seqs(await list('&before_seq=8&limit=3'))).toEqual([5, 6, 7]);
  expect(seqs(await list(''))).toEqual(numbers.slice(-50));
});

test.each([
  ['page=0', '&page=0'],
  ['size over the limit', '&page=1&size=1000000000'],
  ['negative page', '&page=-1'],
  ['two ways at once', '&page=1&after_seq=3'],
  ['unknown field', '&sort=seq_id;DROP TABLE messages'],
])('%s is refused with VALIDATION_FAILED', async (_name, query) => {
  const error = await list(query).catch((refusal: unknown) => refusal);
  expect(error).toBeInstanceOf(ApiError);
  expect((error as ApiError).problem).toMatchObject({ code: 'VALIDATION_FAILED', status: 400 });
});

test('an empty after_seq answer is held with wait and comes with the next message', async () => {
  const { last_seq_id } = await list('');
  const held = list(`&after_seq=${last_seq_id}&wait=8`);
  const word = await talk.visitor.say(talk.session_id, 'while somebody waits');
  expect((await held).items[0]?.message_id).toBe(word.message_id);
});

test('POST /send opens a session for an unknown user, once per client_msg_id, and GET /messages/{id} shows it', async () => {
  const body = {
    from: 'system',
    to: `user-${randomUUID()}`,
    type: 'notification',
    content: 'Your parcel is on its way.',
    client_msg_id: randomUUID(),
    channel_id: cluster.demo.channel_id,
  };
  const sent = await key.post<{ message_id: string; session_id: string }>('/send', body);
  expect(await key.post('/send', body)).toEqual(sent);
  const message = await waitUntil('the message to be stored', () => key.get<Message>(`/messages/${sent.message_id}`));
  expect(message).toMatchObject({ session_id: sent.session_id, type: 'notification', content: body.content });
  const unread = await key.get<{ unread_count: number }>(`/unread_count?user_id=${body.to}`);
  expect(unread.unread_count).toBe(1);
});

test('unread counts follow the read mark, which never passes the head', async () => {
  const agentId = (await talk.agent.api.get<{ agent_id: string }>('/me')).agent_id;
  const unread = () => talk.agent.api.get<{ unread_count: number }>(`/unread_count?user_id=${agentId}`);
  expect((await unread()).unread_count).toBeGreaterThan(0);
  const { last_seq_id } = await list('');
  await talk.agent.api.post(`/sessions/${talk.session_id}/read`, { seq_id: last_seq_id });
  expect((await unread()).unread_count).toBe(0);
  const beyond = await talk.agent.api
    .post(`/sessions/${talk.session_id}/read`, { seq_id: last_seq_id + 1_000 })
    .catch((refusal: unknown) => refusal);
  expect(beyond).toBeInstanceOf(ApiError);
});

test("a stranger's session is not found, whatever is asked of it", async () => {
  const stranger = await openConversation(cluster, talk.agent);
  for (const path of [`/sessions/${talk.session_id}`, `/messages?session_id=${talk.session_id}`]) {
    const error = await stranger.visitor.api.get(path).catch((refusal: unknown) => refusal);
    expect((error as ApiError).problem).toMatchObject({ code: 'NOT_FOUND', status: 404 });
  }
  const answer = await stranger.visitor.sendOnce(talk.session_id, 'let me in', randomUUID());
  expect(answer).toMatchObject({ ok: false, error: { code: 'NOT_FOUND', retryable: false } });
  stranger.visitor.close();
});

test('one Idempotency-Key with another body is a mistake, also under another client_msg_id', async () => {
  const headers = { 'idempotency-key': randomUUID() };
  const body = { from: 'demo', to: `user-${randomUUID()}`, type: 'text', content: 'once' };
  const first = await key.post('/send', { ...body, client_msg_id: randomUUID() }, headers);
  const other = { ...body, content: 'twice', client_msg_id: randomUUID() };
  const refused = await key.post('/send', other, headers).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ApiError);
  expect((refused as ApiError).problem).toMatchObject({ code: 'IDEMPOTENCY_MISMATCH', status: 422 });
  expect(first).toMatchObject({ message_id: expect.any(String) as string });
});
