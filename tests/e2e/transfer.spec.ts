import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Message, Session } from '#libs/contracts';
import type { Talker } from '#libs/testing';
import { waitUntil } from '#libs/testing';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { connectAgent, openConversation, violationsOf } from '../support/conversation.ts';

const HAND_OVERS = 100;

let cluster: TestCluster;
let anna: Talker;
let bo: Talker;
let ids: string[];
beforeAll(async () => {
  cluster = await startTestCluster({ gateway: 2, router: 1, session: 2 });
  ids = cluster.demo.agents.map(({ agent_id }) => agent_id);
  anna = await connectAgent(cluster, 0, 0);
  bo = await connectAgent(cluster, 1, 1);
});
afterAll(() => cluster?.stop());

test('offers are seen, declined, called back and taken; everybody is told what concerns them', async () => {
  const [anna_id = '', bo_id = ''] = ids;
  const { session_id, visitor } = await openConversation(cluster, anna);
  const path = `/sessions/${session_id}`;
  const offer = { to_agent: bo_id, reason: 'too technical' };
  const owner = async () => (await visitor.api.session(session_id)).agent?.agent_id;
  const offers: { session: Session; from: string }[] = [];
  bo.socket.on('transfer:offered', (seen: (typeof offers)[number]) => offers.push(seen));
  await anna.api.post(`${path}/transfer`, offer);
  await waitUntil('the offer to be seen', () => offers.length === 1);
  expect(offers[0]).toMatchObject({ from: anna_id, session: { session_id, transfer: { reason: 'too technical' } } });
  await bo.api.post(`${path}/transfer/reject`);
  expect(await owner()).toBe(anna_id);
  await anna.api.post(`${path}/transfer`, offer);
  await anna.api.post(`${path}/transfer/cancel`);
  await waitUntil(
    'the offers to be gone',
    () => bo.removals.filter((gone) => gone.session_id === session_id).length === 2,
  );
  await anna.api.post(`${path}/transfer`, offer);
  await bo.api.post(`${path}/transfer/accept`);
  expect(await owner()).toBe(bo_id);
  await waitUntil('who served to be told', () => anna.removals.some((gone) => gone.session_id === session_id));
  await expect(anna.api.post(`${path}/transfer`, offer)).rejects.toThrow('NOT_FOUND');
  await bo.api.post(`${path}/close`);
  await expect(bo.api.post(`${path}/transfer`, { to_agent: anna_id })).rejects.toThrow('SESSION_CLOSED');
  visitor.close();
});

test(`${HAND_OVERS} hand-overs while all three write as fast as they can: one log, one entry each, nothing lost, nothing shown to who has left`, async () => {
  const conversation = await openConversation(cluster, anna);
  const { session_id, visitor } = conversation;
  const [anna_id = '', bo_id = ''] = ids;
  const talking = new AbortController();
  const talks = [visitor, anna, bo].map((talker, index) =>
    writeAsFastAsPossible(talker, session_id, index, talking.signal),
  );
  for (let round = 0; round < HAND_OVERS; round += 1) {
    const [from, to, target] = round % 2 === 0 ? [anna, bo, bo_id] : [bo, anna, anna_id];
    await from.api.post(`/sessions/${session_id}/transfer`, { to_agent: target });
    await to.api.post(`/sessions/${session_id}/transfer/accept`);
  }
  talking.abort();
  await Promise.all(talks);
  const stored = await waitUntil('all entries to be stored', async () => {
    const rows = await cluster.storedMessages(session_id);
    return rows.filter(({ type }) => type === 'transfer').length >= HAND_OVERS && rows;
  });
  const entries = stored.filter(({ type }) => type === 'transfer');
  expect(entries.map(({ content }) => content)).toEqual(
    Array.from({ length: HAND_OVERS }, (_, round) =>
      round % 2 === 0 ? { from: anna_id, to: bo_id } : { from: bo_id, to: anna_id },
    ),
  );
  expect(await violationsOf(cluster, conversation)).toEqual([]);
  const all = [...visitor.sendings, ...anna.sendings, ...bo.sendings].filter((sent) => sent.session_id === session_id);
  const acked = all.filter(({ message_id }) => message_id !== undefined);
  const identities = stored.map(({ message_id }) => message_id);
  for (const { message_id } of acked) expect(identities.filter((id) => id === message_id)).toHaveLength(1);
  expect(acked.length).toBeGreaterThan(HAND_OVERS);
  expectNothingBehindTheirBack(anna, anna_id, stored);
  expectNothingBehindTheirBack(bo, bo_id, stored);
  await anna.api.post(`/sessions/${session_id}/close`);
  visitor.close();
}, 240_000);

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
