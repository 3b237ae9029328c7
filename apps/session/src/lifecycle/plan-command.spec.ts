import { describe, expect, test } from 'vitest';
import { sessionStates } from '#libs/contracts';
import { commands } from '#libs/domain';
import type { AgentId, TeamId } from '#libs/protocol';
import { type Commander, type CommandFacts, planCommand, type SessionCommand } from './plan-command.ts';
import type { SessionReadRow } from './sessions.store.ts';

const anna = 'agt_anna' as AgentId;
const bo = 'agt_bo' as AgentId;
const team_id = 'team_a' as TeamId;
const other = 'team_b' as TeamId;

function row(state: SessionReadRow['state'], more: Partial<SessionReadRow> = {}): SessionReadRow {
  const isOwned = state === 'serving' || state === 'transferring' || state === 'closed';
  return {
    session_id: 'ses_1',
    state,
    version: 3,
    team_id,
    visitor_id: 'vis_1',
    agent_id: isOwned ? anna : null,
    transfer_to_agent_id: state === 'transferring' ? bo : null,
    transfer_expires_at: state === 'transferring' ? new Date(30_000) : null,
    transfer_reason: null,
    is_origin_lost: false,
    enqueued_at: new Date(0),
    closed_at: state === 'closed' ? new Date(0) : null,
    read_at: new Date(60_000),
    rating: null,
    team_visibility: 'own',
    team_offer_seconds: 30,
    ...more,
  } as SessionReadRow;
}
const agent = (
  agent_id: AgentId,
  role: 'agent' | 'supervisor' | 'admin' = 'agent',
  team_ids = [team_id],
): Commander => ({
  kind: 'agent',
  agent_id,
  role,
  team_ids,
});
const visitor = { kind: 'visitor', visitor_id: 'vis_1', channel_id: 'chn_1' } as unknown as Commander;
const key = (...scopes: string[]) =>
  ({ kind: 'key', key_id: 'key_1', scopes, sender_names: [] }) as unknown as Commander;
const engine: Commander = { kind: 'engine' };
const facts: CommandFacts = {
  agent: { agent_id: bo, is_present: true, active: 0, capacity: 1 },
  team: { team_id: other, is_open: true },
};
const outcome = (from: SessionReadRow, command: SessionCommand, by: Commander, known = facts) => {
  const plan = planCommand(from, command, by, known);
  if (!plan.ok) return plan.code;
  return plan.transition?.next ?? 'unchanged';
};

const toAgent: SessionCommand = { type: 'transfer_to_agent', to_agent: bo };
const toTeam: SessionCommand = { type: 'transfer_to_team', to_team: other };
const simple = (type: 'accept' | 'close' | 'request_human' | 'take_over' | 'return_to_queue' | 'transfer_cancel') => ({
  type,
});

describe('who may do what', () => {
  const people: Record<string, Commander> = {
    'its visitor': visitor,
    'its agent': agent(anna),
    'who is offered it': agent(bo),
    'a colleague': agent('agt_c' as AgentId),
    'an agent of another team': agent('agt_d' as AgentId, 'agent', [other]),
    'its supervisor': agent('agt_s' as AgentId, 'supervisor'),
    'a supervisor of another team': agent('agt_t' as AgentId, 'supervisor', [other]),
    'an admin': agent('agt_a' as AgentId, 'admin', []),
    'a key that writes': key('sessions:write'),
    'a key with admin': key('admin'),
  };
  const allowed: [SessionReadRow['state'], SessionCommand, string[]][] = [
    ['bot', simple('request_human'), ['its visitor', 'a key that writes', 'a key with admin']],
    ['waiting', simple('accept'), ['its agent', 'who is offered it', 'a colleague', 'its supervisor', 'an admin']],
    ['serving', toAgent, ['its agent', 'its supervisor', 'an admin', 'a key with admin']],
    ['serving', toTeam, ['its agent', 'its supervisor', 'an admin', 'a key that writes', 'a key with admin']],
    ['waiting', toTeam, ['its supervisor', 'an admin', 'a key that writes', 'a key with admin']],
    ['transferring', { type: 'transfer_accept' }, ['who is offered it']],
    ['transferring', { type: 'transfer_reject' }, ['who is offered it']],
    ['transferring', simple('transfer_cancel'), ['its agent', 'its supervisor', 'an admin', 'a key with admin']],
    ['serving', simple('return_to_queue'), ['its agent', 'its supervisor', 'an admin', 'a key with admin']],
    ['serving', simple('take_over'), ['its supervisor', 'an admin']],
    ['serving', { type: 'reassign', to_agent: bo }, ['its supervisor', 'an admin', 'a key with admin']],
    [
      'serving',
      simple('close'),
      ['its visitor', 'its agent', 'its supervisor', 'an admin', 'a key that writes', 'a key with admin'],
    ],
    ['closed', { type: 'rate', score: 5 }, ['its visitor']],
    ['waiting', { type: 'assign', agent_id: bo }, []],
    ['transferring', { type: 'transfer_expire' }, []],
    ['transferring', { type: 'transfer_target_lost' }, []],
    ['serving', { type: 'agent_lost' }, []],
    ['serving', { type: 'reply_late' }, []],
  ];
  const cases = allowed.flatMap(([state, command, who]) =>
    Object.keys(people).map((name) => [state, command.type, name, who.includes(name), command] as const),
  );
  test.each(cases)('%s × %s by %s: %s', (state, _type, name, is, command) => {
    const by = people[name] ?? engine;
    expect(outcome(row(state), command, by) !== 'FORBIDDEN').toBe(is);
  });
  test('every command of the machine is among them', () => {
    const named = new Set(allowed.map(([, { type }]) => (type === 'accept' ? 'assign' : type)));
    expect([...commands].filter((command) => !named.has(command))).toEqual([]);
  });
});

describe('what it leads to', () => {
  test('who serves it already accepts, takes over or is given it without a change', () => {
    expect(outcome(row('serving'), simple('accept'), agent(anna))).toBe('unchanged');
    expect(outcome(row('serving'), simple('take_over'), agent(anna, 'supervisor'))).toBe('unchanged');
    expect(outcome(row('serving'), { type: 'reassign', to_agent: anna }, agent(anna, 'admin'))).toBe('unchanged');
    expect(outcome(row('serving'), simple('accept'), agent(bo))).toBe('STATE_CONFLICT');
  });

  test('an answer to an offer that is over is a conflict, not a secret', () => {
    expect(outcome(row('serving'), { type: 'transfer_accept' }, agent(bo))).toBe('STATE_CONFLICT');
    expect(outcome(row('transferring', { transfer_to_agent_id: anna }), { type: 'transfer_accept' }, agent(bo))).toBe(
      'FORBIDDEN',
    );
  });

  test('the state is told before what is known of agents: nobody learns of them by it', () => {
    expect(outcome(row('waiting'), toAgent, agent('agt_s' as AgentId, 'supervisor'), {})).toBe('TRANSFER_NOT_ALLOWED');
    expect(outcome(row('serving'), toAgent, agent(anna), {})).toBe('NOT_FOUND');
  });

  test('only a supervisor exceeds a capacity, and the engine asks for who is online', () => {
    const slot = (command: SessionCommand, by: Commander, from = row('waiting')) => {
      const plan = planCommand(from, command, by, facts);
      return plan.ok ? plan.transition?.slot : plan.code;
    };
    expect(slot(simple('accept'), agent(bo))).toBe('room');
    expect(slot({ type: 'transfer_accept' }, agent(bo), row('transferring'))).toBe('room');
    expect(slot({ type: 'assign', agent_id: bo }, engine)).toBe('online');
    expect(slot(simple('take_over'), agent(bo, 'supervisor'))).toBe('any');
    expect(slot({ type: 'reassign', to_agent: bo }, agent(anna, 'supervisor'))).toBe('any');
  });

  test('nothing of an offer outlives it, and nothing of a queue what has left it', () => {
    const enders: SessionCommand[] = [
      { type: 'transfer_accept' },
      { type: 'transfer_reject' },
      { type: 'transfer_cancel' },
      { type: 'transfer_expire' },
      { type: 'transfer_target_lost' },
      { type: 'take_over' },
      { type: 'reassign', to_agent: bo },
      { type: 'close' },
    ];
    for (const command of enders) {
      const by = command.type.endsWith('accept') || command.type.endsWith('reject') ? agent(bo) : agent(bo, 'admin');
      const plan = planCommand(row('transferring'), command, by.kind === 'agent' ? by : engine, facts);
      const engineDoes = command.type === 'transfer_expire' || command.type === 'transfer_target_lost';
      const done = engineDoes ? planCommand(row('transferring'), command, engine, facts) : plan;
      expect(done.ok && done.transition?.changes).toMatchObject({
        transfer_to_agent_id: null,
        transfer_expires_at: null,
        is_origin_lost: false,
      });
    }
    const assigned = planCommand(row('waiting'), { type: 'assign', agent_id: bo }, engine, {});
    expect(assigned.ok && assigned.transition?.changes).toMatchObject({
      queued_at: null,
      is_offline: false,
      agent_id: bo,
    });
  });

  test('whoever returns keeps the first place in a queue', () => {
    const lost = planCommand(row('serving'), { type: 'agent_lost' }, engine, {});
    expect(lost.ok && lost.transition?.changes).not.toHaveProperty('enqueued_at');
    const first = planCommand(row('bot', { enqueued_at: null }), simple('request_human'), visitor, {});
    expect(first.ok && first.transition?.changes).toHaveProperty('enqueued_at');
  });
});

test('whatever is asked of whatever state: an answer, never an exception', () => {
  for (const state of sessionStates) {
    for (const type of commands) {
      const command = { type, to_agent: bo, to_team: other, agent_id: bo, score: 3 } as unknown as SessionCommand;
      expect(() => planCommand(row(state), command, engine, facts)).not.toThrow();
    }
  }
});
