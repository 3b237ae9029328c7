import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Message, Session } from '#libs/contracts';
import { Api, login, Talker, waitUntil } from '#libs/testing';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { connectAgent, openConversation, setStatus, violationsOf } from '../support/conversation.ts';

// Round and round among three: whoever has just left is not the next one, so that nothing may reach it.
const HAND_OVERS = 102;

let cluster: TestCluster;
let anna: Talker;
let bo: Talker;
let carl: Talker;
let ids: string[];
beforeAll(async () => {
  cluster = await startTestCluster({ gateway: 2, router: 1, session: 2 });
  anna = await connectAgent(cluster, 0, 0);
  bo = await connectAgent(cluster, 1, 1);
  // The engine gives everything to the first one.
  await setStatus(bo, 'away');
  const { agent_id, talker } = await hireCarl();
  carl = talker;
  ids = [...cluster.demo.agents.map((agent) => agent.agent_id), agent_id];
});
afterAll(async () => {
  for (const talker of [anna, bo, carl]) talker?.close();
  await cluster?.stop();
});

async function hireCarl(): Promise<{ agent_id: string; talker: Talker }> {
  const urls = cluster.gatewayUrls(0);
  const [url = ''] = urls;
  const account = { username: 'carl', password: 'a long password' };
  const { agent_id } = await new Api(url, cluster.demo.api_key).post<{ agent_id: string }>('/agents', {
    ...account,
    name: 'Carl',
    role: 'agent',
    team_ids: [cluster.demo.team_id],
  });
  const talker = new Talker(urls, await login(url, account.username, account.password));
  await waitUntil('the third agent to be connected', () => talker.ready);
  return { agent_id, talker };
}

test('offers are seen, declined, called back and taken; everybody is told what concerns them', async () => {
  const [anna_id = '', bo_id = ''] = ids;
  const { session_id, visitor } = await openConversation(cluster, anna);
  const path = `/sessions/${session_id}`;
  const offer = { to_agent: bo_id, reason: 'too technical' };
  const owner = async () => (await visitor.api.session(session_id)).agent?.agent_id;
  const offers: { session: Session; from: string }[] = [];
  bo.socket.on('transfer:offered', (seen: (typeof offers)[number]) => offers.push(seen));
  await anna.api.post(`${path}/transfer`, offer);
  await waitUntil('the offer to be seen', () => offers.length >= 1);
  expect(offers[0]).toMatchObject({ from: anna_id, session: { session_id, transfer: { reason: 'too technical' } } });
  const gone = () =>
    bo.removals.filter((one) => one.session_id === session_id && one.reason === 'transfer_failed').length;
  await bo.api.post(`${path}/transfer/reject`);
  expect(await owner()).toBe(anna_id);
  await waitUntil('the declined offer to be gone', () => gone() > 0);
  const before = gone();
  await anna.api.post(`${path}/transfer`, offer);
  await anna.api.post(`${path}/transfer/cancel`);
  await waitUntil('the one that was called back to be gone', () => gone() > before);
  await anna.api.post(`${path}/transfer`, offer);
  await bo.api.post(`${path}/transfer/accept`);
  expect(await owner()).toBe(bo_id);
  await waitUntil('who served to be told', () => anna.removals.some((gone) => gone.session_id === session_id));
  await expect(anna.api.post(`${path}/transfer`, offer)).rejects.toThrow('NOT_FOUND');
  await bo.api.post(`${path}/close`);
  await expect(bo.api.post(`${path}/transfer`, { to_agent: anna_id })).rejects.toThrow('SESSION_CLOSED');
  visitor.close();
});

test(`${HAND_OVERS} hand-overs while all write as fast as they can: one log, one entry each, nothing lost, nothing shown to who has left`, async () => {
  const conversation = await openConversation(cluster, anna);
  const { session_id, visitor } = conversation;
  const agents = [anna, bo, carl];
  const at = (round: number) => ({ agent: agents[round % 3] ?? anna, id: ids[round % 3] ?? '' });
  const talking = new AbortController();
  const talks = [visitor, ...agents].map((talker, index) =>
    writeAsFastAsPossible(talker, session_id, index, talking.signal),
  );
  for (let round = 0; round < HAND_OVERS; round += 1) {
    const [from, to] = [at(round), at(round + 1)];
    await from.agent.api.post(`/sessions/${session_id}/transfer`, { to_agent: to.id });
    await to.agent.api.post(`/sessions/${session_id}/transfer/accept`);
    // The log is never more than one hand-over behind: so it can be told whose a word was.
    await waitUntil('its entry to be stored', async () => (await countEntries(session_id)) === round + 1, {
      every_ms: 5,
    });
  }
  talking.abort();
  await Promise.all(talks);
  expect(await violationsOf(cluster, conversation)).toEqual([]);
  const stored = await cluster.storedMessages(session_id);
  const entries = stored.filter(({ type }) => type === 'transfer');
  expect(entries.map(({ content }) => content)).toEqual(
    Array.from({ length: HAND_OVERS }, (_, round) => ({ from: at(round).id, to: at(round + 1).id })),
  );
  const sent = [visitor, ...agents].flatMap(({ sendings }) => sendings.filter((one) => one.session_id === session_id));
  const acked = sent.filter(({ message_id }) => message_id !== undefined);
  const identities = stored.map(({ message_id }) => message_id);
  for (const { message_id } of acked) expect(identities.filter((id) => id === message_id)).toHaveLength(1);
  expect(acked.length).toBeGreaterThan(HAND_OVERS);
  for (const [index, agent] of agents.entries()) expectNothingBehindTheirBack(agent, at(index).id, stored);
  await anna.api.post(`/sessions/${session_id}/close`);
  visitor.close();
}, 240_000);

async function countEntries(session_id: string): Promise<number> {
  const sql = "SELECT COUNT(*) AS entries FROM messages WHERE session_id = ? AND type = 'transfer'";
  return Number((await cluster.rows(sql, [session_id]))[0]?.['entries']);
}

/** Who may not write at the moment is refused, and tries again; every word of its own that was acked counts. */
async function writeAsFastAsPossible(
  talker: Talker,
  session_id: string,
  index: number,
  signal: AbortSignal,
): Promise<void> {
  for (let count = 0; !signal.aborted; count += 1) {
    await talker.say(session_id, `${index} says ${count}`).catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * What was pushed to an agent stands in the log while the agent served, or just before the entry that gave the session to the
 * agent: the hand-over is decided a moment before its entry is numbered. Own words always come back.
 */
function expectNothingBehindTheirBack(talker: Talker, agent_id: string, stored: readonly Message[]): void {
  const entries = stored.filter(({ type }) => type === 'transfer');
  const toOf = (entry: Message | undefined) => (entry?.content as { to: string } | undefined)?.to;
  const [first] = entries;
  for (const { session_id, seq_id, sender, type } of talker.pushes) {
    if (session_id !== first?.session_id || seq_id <= first.seq_id || sender === agent_id || type === 'transfer')
      continue;
    const before = entries.findLast((entry) => entry.seq_id < seq_id);
    const after = entries.find((entry) => entry.seq_id > seq_id);
    expect([toOf(before), toOf(after)]).toContain(agent_id);
  }
}
