import { expect, test } from 'vitest';
import {
  type Caller,
  canMarkRead,
  canReadSession,
  canRunSession,
  canSendType,
  canWriteMessage,
  idOf,
} from './rights.ts';

const place = { team_visibility: 'own', all_seeing_team_ids: [], transfer_to_agent_id: null };
const session = { ...place, visitor_id: 'vis_a', agent_id: 'agt_a', team_id: 'team_a', state: 'serving' } as never;
const waiting = { ...place, visitor_id: 'vis_a', agent_id: null, team_id: 'team_a', state: 'waiting' } as never;
const agent = (agent_id: string, role: string, team_ids: string[] = ['team_a']) =>
  ({ kind: 'agent', agent_id, role, team_ids }) as unknown as Caller;
const visitor = (visitor_id: string) => ({ kind: 'visitor', visitor_id, channel_id: 'chn_a' }) as unknown as Caller;
const key = (...scopes: string[]) => ({ kind: 'key', key_id: 'key_a', scopes, sender_names: [] }) as unknown as Caller;

test.each<[string, Caller, [read: boolean, readWaiting: boolean, write: boolean, run: boolean]]>([
  ['its visitor', visitor('vis_a'), [true, true, true, true]],
  ['another visitor', visitor('vis_b'), [false, false, false, false]],
  ['its agent', agent('agt_a', 'agent'), [true, true, true, true]],
  ['a colleague', agent('agt_b', 'agent'), [false, true, false, false]],
  ['an agent of another team', agent('agt_b', 'agent', ['team_b']), [false, false, false, false]],
  ['the supervisor', agent('agt_s', 'supervisor'), [true, true, false, true]],
  ['a supervisor of another team', agent('agt_s', 'supervisor', ['team_b']), [false, false, false, false]],
  ['an admin', agent('agt_d', 'admin', []), [true, true, false, true]],
  ['a key that reads', key('sessions:read'), [true, true, false, false]],
  ['a key that writes messages', key('messages:write'), [false, false, true, false]],
  ['an admin key', key('admin'), [true, true, true, true]],
])('%s', (_name, caller, [read, readWaiting, write, run]) => {
  expect(canReadSession(caller, session)).toBe(read);
  expect(canReadSession(caller, waiting)).toBe(readWaiting);
  expect(canWriteMessage(caller, session)).toBe(write);
  expect(canRunSession(caller, session)).toBe(run);
  // Who reads keeps a mark, but for programs.
  expect(canMarkRead(caller, session)).toBe(read && caller.kind !== 'key');
  expect(canMarkRead(caller, waiting)).toBe(readWaiting && caller.kind !== 'key');
});

test('everybody is known by the own id', () => {
  expect([visitor('vis_a'), agent('agt_a', 'agent'), key()].map((caller) => idOf(caller))).toEqual([
    'vis_a',
    'agt_a',
    'key_a',
  ]);
});

test.each([
  ['text', ['visitor', 'agent', 'key']],
  ['notification', ['key']],
  ['card', ['agent', 'key']],
  ['choices', ['key']],
  ['recall', ['visitor', 'agent', 'key']],
] as const)('who may send a message of type %s', (type, kinds) => {
  const callers = [visitor('vis_a'), agent('agt_a', 'admin'), key('messages:write')];
  expect(callers.filter((caller) => canSendType(caller, type)).map(({ kind }) => kind)).toEqual(kinds);
});

test.each<[string, object, [ofTeam: boolean, ofOther: boolean]]>([
  ['own sessions only', {}, [false, false]],
  ["the team's", { team_visibility: 'team' }, [true, false]],
  ['everything, to agents of that other team', { all_seeing_team_ids: ['team_b'] }, [false, true]],
  ['everything, to its own', { team_visibility: 'all', all_seeing_team_ids: ['team_a'] }, [true, false]],
])('a team shows its agents %s', (_what, more, [ofTeam, ofOther]) => {
  const shown = { ...(session as object), ...more } as never;
  expect(canReadSession(agent('agt_b', 'agent'), shown)).toBe(ofTeam);
  expect(canReadSession(agent('agt_b', 'agent', ['team_b']), shown)).toBe(ofOther);
  expect(canWriteMessage(agent('agt_b', 'agent'), shown)).toBe(false);
});

test('who has it on offer may look at it, as long as the offer stands', () => {
  const offered = { ...(session as object), state: 'transferring', transfer_to_agent_id: 'agt_b' };
  expect(canReadSession(agent('agt_b', 'agent', []), offered as never)).toBe(true);
  expect(canReadSession(agent('agt_b', 'agent', []), { ...offered, state: 'serving' } as never)).toBe(false);
  expect(canWriteMessage(agent('agt_b', 'agent', []), offered as never)).toBe(false);
});
