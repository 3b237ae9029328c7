/**
 * Random sequences of commands, edits, tags and starts by random people, and of the engine's assignments, on a real
 * database: whatever is done, and however it is refused,
 * - nobody is given more than the capacity, but by a supervisor; slots are counted as the sessions say;
 * - a session has one owner where it needs one and none where it may not have one, and an offer only while it is on offer;
 * - every version has its event, its audit line and its latest state, in order; a refusal leaves nothing behind;
 * - the snapshot law: who holds an old snapshot and applies the events that came since has the fresh snapshot.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Refusal, type Session, type SessionEvent, type UpdateSessionBody } from '#libs/contracts';
import type { Caller } from '#libs/domain';
import { Failpoints } from '#libs/observability';
import type { AgentId, SessionId, TeamId, VisitorId } from '#libs/protocol';
import { log, SessionFixture } from '../../fixture/session-fixture.ts';
import { Queue } from '../queue/queue.ts';
import type { SessionCommand } from './plan-command.ts';
import { toSession } from './sessions.store.ts';
import { Transitions } from './transitions.ts';

const RUNS = 40;
const STEPS = 25;
const CAPACITY = 2;

let fixture: SessionFixture;
let team_ids: [TeamId, TeamId];
let agents: AgentId[];
let chief: AgentId;
beforeAll(async () => {
  fixture = await SessionFixture.open();
  team_ids = [fixture.team_id, await fixture.team({ name: 'Other' })];
  agents = [await member(), await member(), await member()];
  chief = await fixture.agent(0, { role: 'supervisor', team_ids });
});
afterAll(() => fixture.close());

const member = () => fixture.agent(CAPACITY, { team_ids });

type What = SessionCommand['type'] | 'update' | 'tag' | 'start' | 'drain';
type Step = { who: number; what: What; which: number; target: number };
const step: fc.Arbitrary<Step> = fc.record({
  who: fc.nat(4),
  what: fc.constantFrom(
    'request_human',
    'accept',
    'transfer_to_agent',
    'transfer_to_team',
    'transfer_accept',
    'transfer_reject',
    'transfer_cancel',
    'take_over',
    'reassign',
    'return_to_queue',
    'close',
    'rate',
    'transfer_expire',
    'transfer_target_lost',
    'agent_lost',
    'reply_late',
    'update',
    'tag',
    'start',
    'drain',
  ),
  which: fc.nat(4),
  target: fc.nat(2),
});

const engines = new Set<string>(['transfer_expire', 'transfer_target_lost', 'agent_lost', 'reply_late']);

interface Round {
  /** Grows by those that are started. */
  sessions: { session_id: SessionId; visitor_id: VisitorId }[];
}

function commandOf(what: SessionCommand['type'], target: number): SessionCommand {
  const to_agent = agents[target] ?? chief;
  switch (what) {
    case 'transfer_to_agent':
    case 'reassign':
      return { type: what, to_agent };
    case 'transfer_to_team':
      return { type: what, to_team: team_ids[target % 2] ?? fixture.team_id };
    case 'rate':
      return { type: what, score: 4 };
    default:
      return { type: what } as SessionCommand;
  }
}

const edits: UpdateSessionBody[] = [{ priority: 3 }, { category: 'returns', attributes: { order: '7' } }];
const by = { id: 'test' };

/** One step; returns the code of a refusal. */
async function take(round: Round, one: Step): Promise<string | undefined> {
  try {
    await act(round, one);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}

async function act({ sessions }: Round, one: Step): Promise<void> {
  const { what, target } = one;
  const { session_id, visitor_id } = sessions[one.which % sessions.length] ?? {};
  if (!session_id || !visitor_id) throw new Error('a round has sessions');
  const caller = callerOf(one, visitor_id);
  switch (what) {
    case 'update': {
      const body = edits[target] ?? { team_id: team_ids[one.which % 2], category: 'moved' };
      await fixture.lifecycle.edits.update(session_id, body, caller, by);
      return;
    }
    case 'tag':
      await fixture.lifecycle.edits.tag(session_id, [`tag ${target}`], caller, by);
      return;
    case 'start': {
      const started_by = caller.kind === 'agent' ? caller.agent_id : undefined;
      const { channel_id } = fixture;
      const row = await fixture.opening.open({ visitor_id, channel_id, origin: 'agent', by, started_by });
      if (sessions.every((known) => known.session_id !== row.session_id)) sessions.push(row);
      return;
    }
    case 'drain':
      return drain(agents[target] ?? chief);
    default:
      if (engines.has(what)) await fixture.commands.runAsEngine(session_id, commandOf(what, target));
      else await fixture.commands.run(session_id, commandOf(what, target), caller, by);
  }
}

/** The engine gives each team's next session to this agent, who is online for that long only. */
async function drain(agent_id: AgentId): Promise<void> {
  const failpoints = new Failpoints([], []);
  const { sessions, outbox, lifecycle } = fixture;
  const transitions = new Transitions(sessions, outbox, failpoints);
  const parts = {
    store: lifecycle.queueStore,
    sessions,
    transitions,
    outbox,
    failpoints,
    onMoved: () => undefined,
    log,
  };
  const queue = new Queue(fixture.dataSource, parts);
  const set = (status: string) =>
    fixture.database.query('UPDATE agents SET status = ? WHERE agent_id = ?', [status, agent_id]);
  await set('online');
  queue.kick(...team_ids);
  await queue.stop();
  // Waits for whoever is giving something to the agent in this moment; nobody does so behind it.
  await set('away');
}

async function activeOf(): Promise<Map<AgentId, { active: number; capacity: number }>> {
  const rows = await fixture.database.query('SELECT agent_id, active, capacity FROM agents');
  return new Map(
    rows.map((row) => [
      row['agent_id'] as AgentId,
      { active: Number(row['active']), capacity: Number(row['capacity']) },
    ]),
  );
}

/** To whom a supervisor gives a session with this step, whatever the capacity. */
function givenTo({ what, who, target }: Step): AgentId | undefined {
  if (what === 'reassign') return agents[target] ?? chief;
  return what === 'take_over' ? (agents[who] ?? chief) : undefined;
}

function callerOf({ who }: Step, visitor_id: VisitorId): Caller {
  if (who === 4) return { kind: 'visitor', visitor_id, channel_id: fixture.channel_id };
  if (who === 3) return { kind: 'agent', agent_id: chief, role: 'supervisor', team_ids };
  return { kind: 'agent', agent_id: agents[who] ?? chief, role: 'agent', team_ids };
}

async function checkPeople(): Promise<void> {
  const rows = await fixture.database.query(
    `SELECT a.agent_id, a.role, a.capacity, a.active, (SELECT COUNT(*) FROM sessions s
       WHERE s.agent_id = a.agent_id AND s.state IN ('serving', 'transferring')) AS held FROM agents a`,
  );
  for (const { active, held } of rows) expect(Number(active)).toBe(Number(held));
}

async function checkSession(session_id: SessionId): Promise<Session> {
  const row = await fixture.get(session_id);
  const isOwned = row.state === 'serving' || row.state === 'transferring';
  if (isOwned) expect(row.agent_id).not.toBeNull();
  if (row.state === 'waiting' || row.state === 'bot') expect(row.agent_id).toBeNull();
  expect(row.transfer_to_agent_id !== null).toBe(row.state === 'transferring');
  expect(row.transfer_expires_at !== null).toBe(row.state === 'transferring');
  expect(row.queued_at !== null).toBe(row.state === 'waiting');
  expect(row.closed_at !== null).toBe(row.state === 'closed');
  if (row.state === 'waiting') expect(row.enqueued_at).not.toBeNull();
  const [audit] = await fixture.database.query('SELECT COUNT(*) AS n FROM audit_log WHERE subject = ?', [session_id]);
  expect(Number(audit?.['n'])).toBe(row.version);
  return toSession(row);
}

const eventsOf = (session_id: SessionId) =>
  fixture.published
    .filter(({ topic, key }) => topic === 'chat.events.v1' && key === session_id)
    .map(({ value }) => JSON.parse(String(value)) as SessionEvent);

/** What a reader of the topic does: a higher version replaces what is held. */
function apply(snapshot: Session, events: readonly SessionEvent[]): Session {
  return events.reduce((held, { version, data }) => (version > held.version ? data.session : held), snapshot);
}

test(`${RUNS} random lives of three sessions`, async () => {
  const round = fc.array(step, { minLength: STEPS, maxLength: STEPS });
  await fc.assert(
    fc.asyncProperty(round, fc.nat(STEPS - 1), async (steps, cut) => {
      const sessions = [await fixture.session(), await fixture.session(), await fixture.session()];
      const snapshots = new Map<SessionId, Session>();
      for (const [index, one] of steps.entries()) {
        const before = await Promise.all(sessions.map(({ session_id }) => fixture.get(session_id)));
        const load = await activeOf();
        const refused = await take({ sessions }, one);
        if (refused) {
          const after = await Promise.all(sessions.map(({ session_id }) => fixture.get(session_id)));
          expect(after.map(({ version }) => version)).toEqual(before.map(({ version }) => version));
        }
        for (const [agent_id, { active, capacity }] of await activeOf()) {
          const isRisen = active > (load.get(agent_id)?.active ?? 0);
          // Who is full gets more only by this very step, and only if it is a supervisor's.
          if (isRisen && active > capacity) expect([refused, givenTo(one)]).toEqual([undefined, agent_id]);
        }
        await checkPeople();
        for (const { session_id } of sessions) {
          const session = await checkSession(session_id);
          if (index === cut) snapshots.set(session_id, session);
        }
      }
      await fixture.allTold();
      for (const { session_id, visitor_id } of sessions) {
        const fresh = await checkSession(session_id);
        const events = eventsOf(session_id);
        expect(events.map(({ version }) => version)).toEqual(Array.from({ length: fresh.version }, (_, at) => at + 1));
        // One that was started behind the cut is followed from its first event.
        const old = snapshots.get(session_id) ?? events[0]?.data.session;
        if (!old) throw new Error('each session has events');
        expect(apply(old, events)).toEqual(JSON.parse(JSON.stringify(fresh)));
        // The next life begins with free slots.
        await fixture.commands
          .run(
            session_id,
            { type: 'close' },
            { kind: 'visitor', visitor_id, channel_id: fixture.channel_id },
            { id: 'test' },
          )
          .catch(() => undefined);
      }
    }),
    { numRuns: RUNS },
  );
}, 240_000);
