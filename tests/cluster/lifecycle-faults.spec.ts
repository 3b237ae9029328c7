/**
 * What must hold for sessions, queue, offers, timers and presence while replicas die or freeze and engines are away.
 * Short times of its own: an offer runs out after 6 s, an agent is lost after 20 s.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Message, Session } from '#libs/contracts';
import { Api, type Talker, waitUntil } from '#libs/testing';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { connectAgent, openConversation, openSession, setStatus } from '../support/conversation.ts';

const GRACE_SECONDS = 20;
const PAUSE_MS = 60_000;

let cluster: TestCluster;
let admin: Api;
let anna: Talker;
let bo: Talker;
let anna_id: string;
let bo_id: string;
/** Whatever a test has opened, to be closed after it. */
let opened: { visitor: Talker; session_id: string }[];

beforeAll(async () => {
  const session = { SESSION_PRESENCE_GRACE_SECONDS: String(GRACE_SECONDS) };
  cluster = await startTestCluster({ gateway: 2, router: 1, session: 2 }, { session });
  admin = new Api(cluster.gatewayUrls(0)[0] ?? '', cluster.demo.api_key);
  [anna_id = '', bo_id = ''] = cluster.demo.agents.map(({ agent_id }) => agent_id);
  await admin.call('PATCH', `/teams/${cluster.demo.team_id}`, { offer_seconds: 6 });
});
afterAll(() => cluster?.stop());
beforeEach(async () => {
  opened = [];
  [anna, bo] = [await connectAgent(cluster, 0, 1), await connectAgent(cluster, 1, 0)];
  // The engine gives everything to the other one.
  await setStatus(bo, 'away');
});
afterEach(async () => {
  const left = cluster.pids();
  await cluster.wake();
  await setTimers({});
  for (const { visitor, session_id } of opened) {
    await admin.post(`/sessions/${session_id}/close`).catch(() => undefined);
    visitor.close();
  }
  anna.close();
  bo.close();
  expect(left).not.toContain(undefined);
});

const setTimers = (timers: Record<string, number>) =>
  admin.call('PATCH', `/channels/${cluster.demo.channel_id}`, { timers });
const get = (session_id: string) => admin.get<Session>(`/sessions/${session_id}`);
const isReminder = ({ type, content }: Message) => type === 'system' && content === 'Are you still there?';
const outcome = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: Error) => error.message,
  );

async function open(gateway = 1): Promise<{ visitor: Talker; session_id: string }> {
  const session = await openSession(cluster, gateway);
  opened.push(session);
  return session;
}

/** From here on only a socket shows that an agent is here: calls of a moment ago would do so for half a minute. */
const forgetCalls = () => cluster.rows('UPDATE agents SET seen_at = NULL');

async function converse(agent: Talker): Promise<{ visitor: Talker; session_id: string }> {
  const conversation = await openConversation(cluster, agent);
  opened.push(conversation);
  return conversation;
}

/** Slots as they are counted and as the sessions say, one event a version, nobody above capacity, nothing left behind. */
async function expectWhole(): Promise<void> {
  await waitUntil('all events to be out', async () => (await cluster.rows('SELECT 1 FROM outbox')).length === 0);
  const agents = await cluster.rows(
    `SELECT a.agent_id, a.active, a.capacity, (SELECT COUNT(*) FROM sessions s WHERE s.agent_id = a.agent_id
       AND s.state IN ('serving', 'transferring')) AS held FROM agents a`,
  );
  for (const { active, held, capacity } of agents) {
    expect(Number(active)).toBe(Number(held));
    expect(Number(active)).toBeLessThanOrEqual(Number(capacity));
  }
  const audits = await cluster.rows(
    `SELECT s.session_id, s.version, (SELECT COUNT(*) FROM audit_log l WHERE l.subject = s.session_id
       AND l.action <> 'session.note') AS audits FROM sessions s`,
  );
  for (const { version, audits: lines } of audits) expect(Number(lines)).toBe(Number(version));
}

describe.each(['lifecycle.in_transition', 'lifecycle.before_commit', 'lifecycle.after_commit'])(
  'a replica dies at %s',
  (failpoint) => {
    test('what was under way is done wholly or not at all, and the rest goes on', async () => {
      await cluster.arm('session', 0, `${failpoint}:kill:4`);
      await cluster.waitReady();
      const isDead = async () => {
        if (!cluster.isRunning('session', 0)) return true;
        const { session_id } = await open();
        await outcome(anna.api.post(`/sessions/${session_id}/accept`));
        await outcome(anna.api.post(`/sessions/${session_id}/transfer`, { to_agent: bo_id }));
        await outcome(bo.api.post(`/sessions/${session_id}/transfer/accept`));
        await outcome(bo.api.post(`/sessions/${session_id}/close`));
        return false;
      };
      await waitUntil('the armed replica to die', isDead, { limit_ms: 60_000 });
      await cluster.restart('session', 0);
      await cluster.waitReady();
      // Whatever was left in the middle is to be ended by anybody.
      for (const { session_id } of opened) {
        await waitUntil(`${session_id} to be closed`, async () => {
          await outcome(admin.post(`/sessions/${session_id}/close`));
          return (await get(session_id)).state === 'closed';
        });
      }
      const { session_id } = await converse(anna);
      expect((await get(session_id)).state).toBe('serving');
      await expectWhole();
    }, 240_000);
  },
);

test('a replica frozen inside a drain, with the team’s lock in its hands: the queue goes on without it', async () => {
  await cluster.arm('session', 0, 'queue.in_drain:freeze:2');
  await cluster.waitReady();
  const isStill = async () => {
    if (cluster.isStopped('session', 0)) return true;
    await open();
    return false;
  };
  await waitUntil('the armed replica to stand still', isStill, { limit_ms: 60_000 });
  // A call that the gateways still give to the frozen replica gets no answer.
  const { session_id } = await waitUntil('a session to be opened', () => open(), { limit_ms: 60_000 });
  await waitUntil(
    'a session that came after that to be served',
    async () => (await get(session_id)).state === 'serving',
    { limit_ms: 60_000 },
  );
  expect(cluster.isStopped('session', 0)).toBe(true);
  cluster.signal('session', 0, 'SIGKILL');
  await cluster.waitExit('session', 0);
  await cluster.restart('session', 0);
  await cluster.waitReady();
  await expectWhole();
}, 240_000);

test('Redis is flushed and stopped with an offer, timers and presence pending: nothing is stuck, nobody is lost by it', async () => {
  await setTimers({ remind_seconds: 5, close_seconds: 0 });
  const served = await converse(anna);
  await anna.say(served.session_id, 'are you there?');
  const offered = await converse(anna);
  await anna.api.post(`/sessions/${offered.session_id}/transfer`, { to_agent: bo_id });
  await forgetCalls();
  await cluster.redis('FLUSHALL');
  await delay(1_000);
  await cluster.stopEngine('redis');
  // Longer than the grace, the offer and the reminder.
  await delay((GRACE_SECONDS + 5) * 1_000);
  expect(await get(offered.session_id)).toMatchObject({ state: 'serving', agent: { agent_id: anna_id } });
  await waitUntil('the reminder to be in the log', async () =>
    (await cluster.storedMessages(served.session_id)).some(isReminder),
  );
  await cluster.startEngine('redis');
  await delay((GRACE_SECONDS + 3) * 1_000);
  for (const { session_id } of [served, offered]) {
    expect(await get(session_id)).toMatchObject({ state: 'serving', agent: { agent_id: anna_id } });
  }
  expect(await cluster.rows("SELECT 1 FROM audit_log WHERE action = 'session.agent_lost'")).toEqual([]);
  await expectWhole();
}, 120_000);

test('an agent who leaves for good loses the sessions to the queue, and a colleague gets them', async () => {
  const { session_id } = await converse(anna);
  const { enqueued_at } = await get(session_id);
  await setStatus(bo, 'online');
  anna.close();
  await forgetCalls();
  await waitUntil('the colleague to serve it', async () => (await get(session_id)).agent?.agent_id === bo_id, {
    limit_ms: 60_000,
  });
  expect((await get(session_id)).enqueued_at).toBe(enqueued_at);
  const [row] = await cluster.rows(`SELECT status FROM agents WHERE agent_id = '${anna_id}'`);
  expect(row).toEqual({ status: 'away' });
  await expectWhole();
}, 120_000);

test('the database stands still for 60 s with timers due: who is silent is closed, who wrote meanwhile is not', async () => {
  await setTimers({ remind_seconds: 10, close_seconds: 20 });
  const [silent, talkative] = [await converse(anna), await converse(anna)];
  for (const { session_id } of [silent, talkative]) await anna.say(session_id, 'are you there?');
  // From here on the gateway knows the way without asking, and the agent's word is the last one.
  const hello = await talkative.visitor.say(talkative.session_id, 'hello');
  await waitUntil('it to be stored', () => cluster.isStored(hello.message_id ?? ''));
  await anna.say(talkative.session_id, 'are you still there?');
  cluster.signalEngine('mysql', 'SIGSTOP');
  await delay(5_000);
  const word = await talkative.visitor.say(talkative.session_id, 'yes, I am');
  await delay(PAUSE_MS - 5_000);
  cluster.signalEngine('mysql', 'SIGCONT');
  await waitUntil('the word to be stored', () => cluster.isStored(word.message_id ?? ''), { limit_ms: 30_000 });
  await waitUntil('the silent one to be closed', async () => (await get(silent.session_id)).state === 'closed', {
    limit_ms: 150_000,
  });
  expect(await get(silent.session_id)).toMatchObject({ close_reason: 'visitor_silent' });
  expect(await get(talkative.session_id)).toMatchObject({ state: 'serving' });
  const log = await cluster.storedMessages(silent.session_id);
  expect(log.filter(isReminder)).toHaveLength(1);
  await expectWhole();
}, 360_000);
