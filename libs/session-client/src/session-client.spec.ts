import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import type { ConnectedQuestion, RoutesQuestion, SessionRoute } from '#libs/contracts';
import { Replicas } from './replicas.ts';
import { SessionClient } from './session-client.ts';

const servers: Server[] = [];
const dispatchers: Agent[] = [];
afterEach(async () => {
  await Promise.all(dispatchers.splice(0).map((dispatcher) => dispatcher.destroy()));
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

const idOf = (prefix: string) => `${prefix}_${'0'.repeat(26)}`;
const session_id = idOf('ses');
const ids = [session_id] as RoutesQuestion['session_ids'];
const route = {
  session_id,
  state: 'waiting',
  version: 1,
  channel_id: idOf('chn'),
  team_id: idOf('team'),
  visitor_id: idOf('vis'),
  agent_id: null,
} as SessionRoute;

const says =
  (status: number, body: unknown): RequestListener =>
  (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const knows = says(200, { routes: { [session_id]: route } });
const isFrozen: RequestListener = () => undefined;
/** The head of an answer has come, the rest never does. */
const isCutShort: RequestListener = (_request, response) => void response.writeHead(200).write('{"routes":');

/** A client of these replicas, of which the first is asked first, and how often each of them was asked. */
async function ask(...answers: RequestListener[]) {
  const asked = answers.map(() => 0);
  const urls = await Promise.all(
    answers.map(async (answer, index) => {
      const server = createServer((request, response) => {
        asked[index] = (asked[index] ?? 0) + 1;
        answer(request, response);
      });
      servers.push(server);
      await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    }),
  );
  const dispatcher = new Agent();
  dispatchers.push(dispatcher);
  const client = new SessionClient({
    replicas: new Replicas(urls),
    dispatcher,
    service_token: 'token',
    deadline_ms: 2_000,
    log: { warn: () => undefined },
  });
  return { client, asked };
}

describe('each replica has its own share of the deadline', () => {
  test.each([
    ['one that takes the question and says nothing', [isFrozen, knows]],
    ['one that stops in the middle of its answer', [isCutShort, knows]],
    ['two of three', [isFrozen, isCutShort, knows]],
  ])('%s leaves time for the next', async (_, answers) => {
    const { client, asked } = await ask(...answers);
    await expect(client.routes(ids)).resolves.toEqual({ [session_id]: route });
    expect(asked).toEqual(answers.map(() => 1));
  });

  test('when all are frozen, the question fails as retryable', async () => {
    const { client, asked } = await ask(isFrozen, isFrozen);
    await expect(client.routes(ids)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(asked).toEqual([1, 1]);
  });
});

test('a replica that was frozen is asked last from then on', async () => {
  const { client, asked } = await ask(isFrozen, knows);
  for (let time = 0; time < 4; time += 1) await client.routes(ids);
  expect(asked).toEqual([1, 4]);
});

test.each([
  ['says it can not now', says(503, { code: 'UNAVAILABLE' })],
  ['does not know our token', says(401, { code: 'UNAUTHENTICATED' })],
  ['talks nonsense', says(200, { routes: 'none' })],
])('where one %s, the next is asked', async (_, answer) => {
  const { client } = await ask(answer, knows);
  await expect(client.routes(ids)).resolves.toEqual({ [session_id]: route });
});

test('a refusal is an answer: it comes back by its code, and nobody else is asked', async () => {
  const { client, asked } = await ask(says(403, { code: 'FORBIDDEN' }), says(204, undefined));
  const caller = { kind: 'visitor', visitor_id: route.visitor_id, channel_id: route.channel_id } as const;
  await expect(client.read({ session_id: route.session_id, caller, seq_id: 1 })).rejects.toMatchObject({
    code: 'FORBIDDEN',
  });
  expect(asked).toEqual([1, 0]);
});

test('agents who have connected are said by one call, which has no answer', async () => {
  let said: { url: string | undefined; body: unknown } | undefined;
  const { client } = await ask((request, response) => {
    void (async () => {
      const body = JSON.parse(Buffer.concat(await request.toArray()).toString()) as unknown;
      said = { url: request.url, body };
      response.writeHead(204).end();
    })();
  });
  const question = { agent_ids: [idOf('agt')] } as ConnectedQuestion;
  await client.connected(question);
  expect(said).toEqual({ url: '/internal/connected', body: question });
});

test('what a newer session adds to an answer is dropped', async () => {
  const head = { seq_id: 7, version: 2 };
  const { client } = await ask(
    says(200, { log_epoch: 1, heads: { vis_1: { ses_1: { ...head, new: 1 } } }, watched: {}, new: 1 }),
  );
  await expect(client.heads({ readers: [] })).resolves.toEqual({
    log_epoch: 1,
    heads: { vis_1: { ses_1: head } },
    watched: {},
  });
});
