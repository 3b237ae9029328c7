/**
 * Random sequences of commands by random people, on a real database: whatever is done, and however it is refused,
 * - nobody holds more than the capacity, but by a supervisor; slots are counted as the sessions say;
 * - a session has one owner where it needs one and none where it may not have one, and an offer only while it is on offer;
 * - every version has its event, its audit line and its latest state, in order; a refusal leaves nothing behind;
 * - the snapshot law: who holds an old snapshot and applies the events that came since has the fresh snapshot.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Refusal, type Session, type SessionEvent } from '#libs/contracts';
import type { Caller } from '#libs/domain';
import type { AgentId, SessionId, TeamId, VisitorId } from '#libs/protocol';
import { waitUntil } from '#libs/testing';
import { SessionFixture } from '../../fixture/session-fixture.ts';
import type { SessionCommand } from './plan-command.ts';
import { toSession } from './sessions.store.ts';

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

type Step = { who: number; what: SessionCommand['type']; which: number; target: number };
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
  ),
  which: fc.nat(2),
  target: fc.nat(2),
});

const engines = new Set<string>(['transfer_expire', 'transfer_target_lost', 'agent_lost', 'reply_late']);

interface Round {
  sessions: { session_id: SessionId; visitor_id: VisitorId }[];
}

function commandOf({ what, target }: Step): SessionCommand {
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

/** One step; returns the code of a refusal. */
async function take({ sessions }: Round, one: Step): Promise<string | undefined> {
  const session = sessions[one.which % sessions.length];
  if (!session) throw new Error('a round has sessions');
  const command = commandOf(one);
  try {
    if (engines.has(one.what)) await fixture.commands.runAsEngine(session.session_id, command);
    else await fixture.commands.run(session.session_id, command, callerOf(one, session.visitor_id), { id: 'test' });
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
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
        const refused = await take({ sessions }, one);
        if (refused) {
          const after = await Promise.all(sessions.map(({ session_id }) => fixture.get(session_id)));
          expect(after.map(({ version }) => version)).toEqual(before.map(({ version }) => version));
        }
        const above = await fixture.database.query(
          "SELECT agent_id, active FROM agents WHERE role = 'agent' AND active > capacity",
        );
        // Above the capacity only who was given it by a supervisor.
        if (above.length > 0) expect(steps.slice(0, index + 1).some(({ what }) => what === 'reassign')).toBe(true);
        await checkPeople();
        for (const { session_id } of sessions) {
          const session = await checkSession(session_id);
          if (index === cut) snapshots.set(session_id, session);
        }
      }
      await waitUntil(
        'the outbox to be empty',
        async () => (await fixture.database.query('SELECT 1 FROM outbox')).length === 0,
      );
      for (const { session_id, visitor_id } of sessions) {
        const fresh = await checkSession(session_id);
        const events = eventsOf(session_id);
        expect(events.map(({ version }) => version)).toEqual(Array.from({ length: fresh.version }, (_, at) => at + 1));
        const old = snapshots.get(session_id);
        if (!old) throw new Error('a snapshot was taken of each');
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
