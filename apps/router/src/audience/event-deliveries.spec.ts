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
type Change = Partial<Session> & {
  seen_by?: TeamId[];
  from?: { state: SessionState; agent_id?: AgentId; team_id?: TeamId; transfer_to_agent_id?: AgentId };
};

function transition(type: SessionEvent['type'], { from, seen_by, ...change }: Change): SessionEvent {
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
  return event.parse({
    ...value,
    session_id: id.session,
    data: { session, previous, seen_by_team_ids: seen_by },
  }) as SessionEvent;
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

test('who takes a session out of the queue goes on with it, the others see it go', () => {
  const assigned = transition('session.assigned', { agent: agent(id.anna), from: { state: 'waiting' }, seen_by: [] });
  expect(plan(assigned)).toEqual([
    `session:removed team:${id.team}`,
    `session:updated ${watch} agent:${id.anna}`,
    toVisitor,
  ]);
});

test('a team whose agents see all of its sessions goes on seeing it', () => {
  const assigned = transition('session.assigned', {
    agent: agent(id.anna),
    from: { state: 'waiting' },
    seen_by: [id.team, id.otherTeam],
  });
  expect(plan(assigned)).toEqual([
    `session:updated ${watch} agent:${id.anna} team:${id.team} team:${id.otherTeam}`,
    toVisitor,
  ]);
});

test('a session that changes queues goes from the one and comes to the other', () => {
  const moved = transition('session.queued', {
    state: 'waiting',
    team_id: id.otherTeam,
    from: { state: 'waiting', team_id: id.team },
  });
  expect(plan(moved)).toEqual([
    `session:removed team:${id.team}`,
    `session:updated ${watch} team:${id.otherTeam}`,
    toVisitor,
  ]);
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

const offer = { from: id.anna, to_agent: id.bo, reason: null, expires_at: '2026-11-24T00:00:31Z' };

test('an offer shows to the one who may take it, and the session goes on at its owner', () => {
  const offered = transition('session.transfer_offered', {
    state: 'transferring',
    agent: agent(id.anna),
    transfer: offer,
    from: { state: 'serving', agent_id: id.anna },
  });
  expect(plan(offered)).toEqual([
    `transfer:offered agent:${id.bo}`,
    `session:updated ${watch} agent:${id.anna}`,
    toVisitor,
  ]);
  const [toTarget, , own] = toEventDeliveries(offered);
  expect(JSON.parse(toTarget?.json ?? '')).toMatchObject({ from: id.anna, expires_at: offer.expires_at });
  expect(JSON.parse(own?.json ?? '')).not.toHaveProperty('transfer');
});

test.each(['session.transfer_failed', 'session.closed'] as const)('%s takes the offer from the other one', (type) => {
  const ended = transition(type, {
    state: type === 'session.closed' ? 'closed' : 'serving',
    agent: agent(id.anna),
    from: { state: 'transferring', agent_id: id.anna, transfer_to_agent_id: id.bo },
  });
  expect(plan(ended)[0]).toBe(`session:removed agent:${id.bo}`);
  expect(plan(ended)[1]).toBe(`session:updated ${watch} agent:${id.anna}`);
});

test('an accepted offer takes the session from who made it, and nothing from who has it now', () => {
  const accepted = transition('session.transferred', {
    agent: agent(id.bo),
    from: { state: 'transferring', agent_id: id.anna, transfer_to_agent_id: id.bo },
  });
  expect(plan(accepted)).toEqual([
    `session:removed agent:${id.anna}`,
    `session:updated ${watch} agent:${id.bo}`,
    toVisitor,
  ]);
});

test('a late reply shows to the agent, then to the supervisors; unseen words are for integrators', () => {
  const base = {
    event_id: makeId('evt', now, randomBytes(10)),
    occurred_at: '2026-11-24T00:00:01Z',
    session_id: id.session,
  };
  const late = (level: 'agent' | 'supervisor') =>
    event.parse({
      ...base,
      type: 'sla.breached',
      data: { kind: 'next_reply', level, agent_id: id.anna, team_id: id.team, supervisor_ids: [id.bo] },
    }) as SessionEvent;
  expect(plan(late('agent'))).toEqual([`sla:breached agent:${id.anna}`]);
  expect(plan(late('supervisor'))).toEqual([`sla:breached agent:${id.bo}`]);
  const visitor = { visitor_id: id.visitor, user_id: null };
  const unseen = { ...base, type: 'message.unseen', data: { visitor, from_seq_id: 1, to_seq_id: 2 } };
  expect(plan(event.parse(unseen) as SessionEvent)).toEqual([]);
});
