import type { ErrorCode, SessionState } from '#libs/contracts';

/**
 * The session machine as data: `state × command → next state | no-op | refusal`.
 * `bot` the AI answers · `waiting` in a queue · `serving` one agent owns it · `transferring` on offer · `closed` final.
 */
export const commands = ['request_human', 'assign', 'close'] as const;
export type Command = (typeof commands)[number];

/** What a command leads to from a state. `stay` changes nothing and is no refusal. */
export type Outcome = SessionState | 'stay' | Refused;
export interface Refused {
  readonly refused: ErrorCode;
}

const refuse = (refused: ErrorCode): Refused => ({ refused });

export const sessionMachine = {
  bot: { request_human: 'waiting', assign: refuse('STATE_CONFLICT'), close: 'closed' },
  waiting: { request_human: 'stay', assign: 'serving', close: 'closed' },
  serving: { request_human: 'stay', assign: refuse('STATE_CONFLICT'), close: 'closed' },
  transferring: { request_human: 'stay', assign: refuse('STATE_CONFLICT'), close: 'closed' },
  closed: {
    request_human: refuse('SESSION_CLOSED'),
    assign: refuse('SESSION_CLOSED'),
    close: refuse('SESSION_CLOSED'),
  },
} as const satisfies Record<SessionState, Record<Command, Outcome>>;

/** Where sessions begin: with the bot where the channel has one, else in the queue. */
export const openingStates = ['bot', 'waiting'] as const satisfies SessionState[];

export type Decision =
  | { ok: true; next: SessionState }
  | { ok: true; next: undefined }
  | { ok: false; code: ErrorCode; state: SessionState };

/** What the table says; `next` is undefined when the command changes nothing. */
export function decide(state: SessionState, command: Command): Decision {
  const outcome: Outcome = sessionMachine[state][command];
  if (outcome === 'stay') return { ok: true, next: undefined };
  if (typeof outcome === 'string') return { ok: true, next: outcome };
  return { ok: false, code: outcome.refused, state };
}

/** The table as a Mermaid state diagram. */
export function stateDiagram(): string {
  const lines = Object.entries(sessionMachine).flatMap(([state, row]) =>
    Object.entries(row).flatMap(([command, outcome]) =>
      typeof outcome === 'string' && outcome !== 'stay' ? [`  ${state} --> ${outcome}: ${command}`] : [],
    ),
  );
  return ['stateDiagram-v2', ...openingStates.map((state) => `  [*] --> ${state}: open`), ...lines].join('\n');
}
