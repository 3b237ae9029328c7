import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { type AgentStatusEvent, event, type Session, type SessionEvent, type SessionState } from '#libs/contracts';
import { type AgentId, makeId, type TeamId } from '#libs/protocol';
import { toEventDeliveries } from './event-deliveries.ts';

const now = Date.UTC(2026, 10, 24);
const id = {
  session: makeId('ses', now, randomBytes(10)),
  visitor: makeId('vis', now, randomBytes(10)),
  channel: makeId('chn', now, randomBytes(10)),
  team: makeId('team', now, randomBytes(10)),
  otherTeam: makeId('team', now, randomBytes(10)),
  anna: makeId('agt', now, randomBytes(10)),
  bo: makeId('agt', now, randomBytes(10)),
};
type Change = Partial<Session> & { from?: { state: SessionState; agent_id?: AgentId; team_id?: TeamId } };

function transition(type: SessionEvent['type'], { from, ...change }: Change): SessionEvent {
  const session: Session = {
    session_id: id.session,
    state: 'serving',
    version: 3,
    origin: 'visitor',
    channel_id: id.channel,
    team_id: id.team,
    visitor: { visitor_id: id.visitor, name: null },
    agent: null,
    priority: 5,
    tags: ['vip'],
    language: null,
    last_seq_id: 7,
    unread_count: 2,
    opened_at: '2026-11-24T00:00:00Z',
    enqueued_at: null,
    assigned_at: null,
    closed_at: null,
    close_reason: null,
    rating: null,
    previous_session_id: null,
    ...change,
  };
  const previous = from ? { agent_id: null, team_id: id.team, ...from } : null;
  const value = {
    event_id: makeId('evt', now, randomBytes(10)),
    occurred_at: '2026-11-24T00:00:01Z',
    type,
    version: session.version,
  };
  return event.parse({ ...value, session_id: id.session, data: { session, previous } }) as SessionEvent;
}

/** `event room room …` of each delivery, in order. */
function plan(of: SessionEvent | AgentStatusEvent): string[] {
  return toEventDeliveries(of).map(({ event: name, rooms }) => [name, ...rooms].join(' '));
}
const agent = (agent_id: AgentId) => ({ agent_id, name: 'A' });
const watch = `watch:${id.session}`;
const toVisitor = `session:updated visitor:${id.visitor}`;

test('a team sees a session enter its queue', () => {
  const queued = transition('session.queued', { state: 'waiting', from: { state: 'bot' } });
  expect(plan(queued)).toEqual([`session:updated ${watch} team:${id.team}`, toVisitor]);
});

test('a team sees a session leave its queue for an agent', () => {
  const assigned = transition('session.assigned', { agent: agent(id.anna), from: { state: 'waiting' } });
  expect(plan(assigned)).toEqual([`session:updated ${watch} agent:${id.anna} team:${id.team}`, toVisitor]);
});

test('both teams see a session change queues, and each once', () => {
  const moved = transition('session.queued', {
    state: 'waiting',
    team_id: id.otherTeam,
    from: { state: 'waiting', team_id: id.team },
  });
  expect(plan(moved)).toEqual([`session:updated ${watch} team:${id.otherTeam} team:${id.team}`, toVisitor]);
  const stayed = transition('session.queued', { state: 'waiting', from: { state: 'waiting' } });
  expect(plan(stayed)).toEqual([`session:updated ${watch} team:${id.team}`, toVisitor]);
});

test('who serves no longer is told so before the update, and gets no update', () => {
  const taken = transition('session.assigned', {
    agent: agent(id.bo),
    from: { state: 'serving', agent_id: id.anna },
  });
  expect(plan(taken)).toEqual([
    `session:removed agent:${id.anna}`,
    `session:updated ${watch} agent:${id.bo}`,
    toVisitor,
  ]);
  expect(JSON.parse(toEventDeliveries(taken)[0]?.json ?? '')).toEqual({ session_id: id.session, reason: 'assigned' });
});

test('a team does not see sessions that are none of its queue', () => {
  const closed = transition('session.closed', {
    state: 'closed',
    agent: agent(id.anna),
    from: { state: 'serving', agent_id: id.anna },
  });
  expect(plan(closed)).toEqual([`session:updated ${watch} agent:${id.anna}`, toVisitor]);
});

test('agents get the whole session, visitors theirs, nobody the count of another; the route goes with it', () => {
  const [full, own] = toEventDeliveries(transition('session.assigned', { agent: agent(id.anna) }));
  expect(JSON.parse(full?.json ?? '')).toMatchObject({ tags: ['vip'], priority: 5, version: 3, last_seq_id: 7 });
  expect(JSON.parse(full?.json ?? '')).not.toHaveProperty('unread_count');
  expect(full?.route).toMatchObject({ session_id: id.session, version: 3, agent_id: id.anna, visitor_id: id.visitor });
  for (const field of ['tags', 'priority', 'unread_count'])
    expect(JSON.parse(own?.json ?? '')).not.toHaveProperty(field);
  expect(own?.route).toBeUndefined();
});

test("an agent's status goes to the agent and the teams", () => {
  const changed: AgentStatusEvent = {
    event_id: makeId('evt', now, randomBytes(10)),
    occurred_at: '2026-11-24T00:00:01Z',
    type: 'agent.status_changed',
    data: { agent_id: id.anna, status: 'busy', previous_status: 'online', reason: null, team_ids: [id.team] },
  };
  expect(plan(changed)).toEqual([`presence:updated agent:${id.anna} team:${id.team}`]);
  expect(JSON.parse(toEventDeliveries(changed)[0]?.json ?? '')).toEqual({ agent_id: id.anna, status: 'busy' });
});
