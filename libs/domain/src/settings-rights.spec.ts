import { expect, test } from 'vitest';
import type { Caller } from './rights.ts';
import { settingsSightOf } from './settings-rights.ts';

const person = (role: string) => ({ kind: 'agent', agent_id: 'agt_a', role, team_ids: [] }) as unknown as Caller;
const key = (...scopes: string[]) => ({ kind: 'key', key_id: 'key_a', scopes, sender_names: [] }) as unknown as Caller;

test.each<[string, Caller, string]>([
  ['a visitor', { kind: 'visitor', visitor_id: 'vis_a', channel_id: 'chn_a' } as never, 'nothing'],
  ['an agent', person('agent'), 'as agent'],
  ['a supervisor', person('supervisor'), 'all'],
  ['an admin', person('admin'), 'all'],
  ['a key that may do all', key('admin'), 'all'],
  ['a key of any other scope', key('sessions:write', 'messages:write', 'reports:read'), 'nothing'],
])('%s is shown of the settings: %s', (_name, caller, sight) => {
  expect(settingsSightOf(caller)).toBe(sight);
});
