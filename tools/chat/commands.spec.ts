import { expect, test } from 'vitest';
import { commandOf, complete, helpFor, type Role } from './commands.ts';

test.each<[string, Role, object]>([
  ['hello there', 'visitor', { type: 'say', text: 'hello there' }],
  ['//etc is a folder', 'visitor', { type: 'say', text: '/etc is a folder' }],
  ['  ', 'agent', { type: 'nothing' }],
  ['/human', 'visitor', { type: 'human' }],
  ['/rate 5 thanks a lot', 'visitor', { type: 'rate', score: 5, comment: 'thanks a lot' }],
  ['/rate 1', 'visitor', { type: 'rate', score: 1, comment: undefined }],
  ['/rate 6', 'visitor', { type: 'misused', usage: '/rate 1-5 [COMMENT]' }],
  ['/rate', 'visitor', { type: 'misused', usage: '/rate 1-5 [COMMENT]' }],
  ['/close', 'visitor', { type: 'close', reason: undefined }],
  ['/close all is well', 'agent', { type: 'close', reason: 'all is well' }],
  ['/online', 'agent', { type: 'status', status: 'online', reason: undefined }],
  ['/away lunch', 'agent', { type: 'status', status: 'away', reason: 'lunch' }],
  ['/accept', 'agent', { type: 'accept', which: undefined }],
  ['/accept #3', 'agent', { type: 'accept', which: '#3' }],
  ['/take', 'agent', { type: 'take', which: undefined }],
  ['/decline 2', 'agent', { type: 'decline', which: '2' }],
  ['/decline 2 3', 'agent', { type: 'misused', usage: '/decline [N]' }],
  ['/switch 2', 'agent', { type: 'switch', which: '2' }],
  ['/switch', 'agent', { type: 'misused', usage: '/switch N' }],
  ['/takeover ses_1', 'agent', { type: 'takeover', which: 'ses_1' }],
  ['/transfer Bo too technical', 'agent', { type: 'transfer', text: 'Bo too technical' }],
  ['/transfer', 'agent', { type: 'misused', usage: '/transfer NAME [REASON]' }],
  ['/queue', 'agent', { type: 'queue' }],
  ['/agents', 'agent', { type: 'agents' }],
  ['/cancel', 'agent', { type: 'cancel' }],
  ['/return', 'agent', { type: 'return' }],
  ['/outbox', 'visitor', { type: 'outbox' }],
  // What is the other's to say is nothing here.
  ['/queue', 'visitor', { type: 'unknown', name: '/queue' }],
  ['/rate 5', 'agent', { type: 'unknown', name: '/rate' }],
  ['/dance', 'agent', { type: 'unknown', name: '/dance' }],
  ['/', 'agent', { type: 'unknown', name: '/' }],
])('%j of a %s', (line, role, command) => {
  expect(commandOf(line, role)).toEqual(command);
});

test('help names what the role has, and every line of it is understood', () => {
  const named = (role: Role) =>
    helpFor(role)
      .slice(1)
      .map((line) => line.trim().split(' ')[0] ?? '');
  expect(named('visitor')).toEqual(['/human', '/rate', '/close', '/outbox', '/help']);
  for (const role of ['visitor', 'agent'] as const) {
    for (const name of named(role)) expect(commandOf(name, role).type).not.toBe('unknown');
  }
});

test.each([
  ['/t', ['/transfer ', '/take ', '/takeover ']],
  ['/ta', ['/take ', '/takeover ']],
  ['/Q', ['/queue']],
  ['/transfer ', ['/transfer ', '/transfer Bo ', '/transfer Second Line ']],
  ['/transfer second l', ['/transfer Second Line ']],
  ['/nothing', []],
  ['t', []],
])('%j can become', (line, wholes) => {
  expect(complete(line, 'agent', ['Bo', 'Second Line'])).toEqual([wholes, line]);
});

test('a visitor is shown no names', () => {
  expect(complete('/transfer ', 'visitor', ['Bo'])[0]).toEqual([]);
});
