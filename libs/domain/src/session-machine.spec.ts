import { expect, test } from 'vitest';
import { sessionStates } from '#libs/contracts';
import { commands, decide, openingStates, sessionMachine, stateDiagram } from './session-machine.ts';

const conflict = 'STATE_CONFLICT';
const closed = 'SESSION_CLOSED';
const noTransfer = 'TRANSFER_NOT_ALLOWED';

/** Written out from the domain's table, row by row: bot, waiting, serving, transferring, closed. */
const expected: Record<(typeof commands)[number], string[]> = {
  request_human: ['waiting', 'stay', 'stay', 'stay', closed],
  assign: [conflict, 'serving', conflict, conflict, closed],
  transfer_to_agent: [noTransfer, noTransfer, 'transferring', noTransfer, closed],
  transfer_to_team: [noTransfer, 'waiting', 'waiting', noTransfer, closed],
  transfer_accept: [conflict, conflict, conflict, 'serving', closed],
  transfer_reject: [conflict, conflict, conflict, 'serving', closed],
  transfer_expire: [conflict, conflict, conflict, 'serving', closed],
  transfer_target_lost: [conflict, conflict, conflict, 'serving', closed],
  transfer_cancel: [conflict, conflict, conflict, 'serving', closed],
  agent_lost: ['stay', 'stay', 'waiting', 'transferring', 'stay'],
  reply_late: ['stay', 'stay', 'waiting', 'transferring', 'stay'],
  take_over: ['serving', 'serving', 'serving', 'serving', closed],
  reassign: ['serving', 'serving', 'serving', 'serving', closed],
  return_to_queue: [conflict, conflict, 'waiting', conflict, closed],
  close: ['closed', 'closed', 'closed', 'closed', closed],
  rate: [conflict, conflict, 'serving', 'transferring', 'closed'],
};

const pairs = sessionStates.flatMap((state, index) =>
  commands.map((command) => [state, command, expected[command][index]] as const),
);

test.each(pairs)('%s × %s is %s', (state, command, outcome) => {
  const decision = decide(state, command);
  expect(decision.ok ? (decision.next ?? 'stay') : decision.code).toBe(outcome);
});

test.each(['transfer_reject', 'transfer_expire', 'transfer_target_lost'] as const)(
  'after %s a session whose agent has gone waits in the queue',
  (command) => {
    expect(decide('transferring', command, { isOriginLost: true })).toEqual({ ok: true, next: 'waiting' });
  },
);

test('closed is final: no command leads out of it', () => {
  const ways = commands.map((command) => decide('closed', command)).filter((decision) => decision.ok);
  expect(ways.every(({ next }) => next === undefined || next === 'closed')).toBe(true);
});

test('every state can be reached', () => {
  const reached = new Set<string>(openingStates);
  for (let before = 0; before !== reached.size;) {
    before = reached.size;
    for (const state of sessionStates.filter((name) => reached.has(name))) {
      for (const command of commands) {
        const decision = decide(state, command);
        if (decision.ok && decision.next) reached.add(decision.next);
      }
    }
  }
  expect(reached).toEqual(new Set(sessionStates));
});

test('the diagram shows every change of state and nothing else', () => {
  const arrows = stateDiagram()
    .split('\n')
    .filter((line) => line.includes('-->'));
  const changes = pairs.filter(([state, command]) => (decide(state, command) as { next?: string }).next).length;
  // Three ways begin a session; three failed offers have two ends each.
  expect(arrows).toHaveLength(3 + changes + 3);
  expect(arrows).toContain('  waiting --> serving: assign');
  expect(arrows).toContain('  transferring --> waiting: transfer_expire');
  expect(Object.keys(sessionMachine)).toEqual([...sessionStates]);
});
