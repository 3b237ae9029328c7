import { expect, test } from 'vitest';
import { sessionStates } from '#libs/contracts';
import { commands, decide, sessionMachine, stateDiagram } from './session-machine.ts';

const expected = {
  bot: { request_human: 'waiting', assign: 'STATE_CONFLICT', close: 'closed' },
  waiting: { request_human: 'stay', assign: 'serving', close: 'closed' },
  serving: { request_human: 'stay', assign: 'STATE_CONFLICT', close: 'closed' },
  transferring: { request_human: 'stay', assign: 'STATE_CONFLICT', close: 'closed' },
  closed: { request_human: 'SESSION_CLOSED', assign: 'SESSION_CLOSED', close: 'SESSION_CLOSED' },
} as const;

const pairs = sessionStates.flatMap((state) => commands.map((command) => [state, command] as const));

test.each(pairs)('%s × %s', (state, command) => {
  const decision = decide(state, command);
  const found = decision.ok ? (decision.next ?? 'stay') : decision.code;
  expect(found).toBe(expected[state][command]);
});

test('closed is final', () => {
  expect(Object.values(sessionMachine.closed).every((outcome) => typeof outcome === 'object')).toBe(true);
});

test('the diagram shows every change of state and nothing else', () => {
  const arrows = stateDiagram()
    .split('\n')
    .filter((line) => line.includes('-->'));
  expect(arrows).toHaveLength(
    2 + pairs.filter(([state, command]) => (decide(state, command) as { next?: string }).next).length,
  );
  expect(arrows).toContain('  waiting --> serving: assign');
});
