import type { ErrorCode, SessionState } from '#libs/contracts';

/**
 * The session machine as data: `state × command → next state | no-op | refusal`.
 * `bot` the AI answers · `waiting` in a queue · `serving` one agent owns it · `transferring` on offer to another, its owner
 * still writes · `closed` final.
 *
 * Who may give a command is not decided here (rights.ts), nor who serves afterwards (the command's own changes).
 */
export const commands = [
  'request_human',
  'assign',
  'transfer_to_agent',
  'transfer_to_team',
  'transfer_accept',
  'transfer_reject',
  'transfer_expire',
  'transfer_target_lost',
  'transfer_cancel',
  'agent_lost',
  'reply_late',
  'take_over',
  'reassign',
  'return_to_queue',
  'close',
  'rate',
] as const;
export type Command = (typeof commands)[number];

/** What a command leads to from a state. `stay` changes nothing and is no refusal. */
export type Outcome = SessionState | 'stay' | Refused | Return;
export interface Refused {
  readonly refused: ErrorCode;
}
/** An offer failed: back to who made it, or into the queue when that agent is gone. */
export interface Return {
  readonly toOrigin: SessionState;
  readonly withoutOrigin: SessionState;
}

const refuse = (refused: ErrorCode): Refused => ({ refused });
const conflict = refuse('STATE_CONFLICT');
const closed = refuse('SESSION_CLOSED');
const noTransfer = refuse('TRANSFER_NOT_ALLOWED');
const returned: Return = { toOrigin: 'serving', withoutOrigin: 'waiting' };

const noOffer = {
  transfer_accept: conflict,
  transfer_reject: conflict,
  transfer_expire: conflict,
  transfer_target_lost: conflict,
  transfer_cancel: conflict,
} as const;

export const sessionMachine = {
  bot: {
    ...noOffer,
    request_human: 'waiting',
    assign: conflict,
    transfer_to_agent: noTransfer,
    transfer_to_team: noTransfer,
    agent_lost: 'stay',
    reply_late: 'stay',
    take_over: 'serving',
    reassign: 'serving',
    return_to_queue: conflict,
    close: 'closed',
    rate: conflict,
  },
  waiting: {
    ...noOffer,
    request_human: 'stay',
    assign: 'serving',
    transfer_to_agent: noTransfer,
    // Supervisors only, by their right; it changes queues.
    transfer_to_team: 'waiting',
    agent_lost: 'stay',
    reply_late: 'stay',
    take_over: 'serving',
    reassign: 'serving',
    return_to_queue: conflict,
    close: 'closed',
    rate: conflict,
  },
  serving: {
    ...noOffer,
    request_human: 'stay',
    assign: conflict,
    transfer_to_agent: 'transferring',
    transfer_to_team: 'waiting',
    agent_lost: 'waiting',
    reply_late: 'waiting',
    take_over: 'serving',
    reassign: 'serving',
    return_to_queue: 'waiting',
    close: 'closed',
    rate: 'serving',
  },
  transferring: {
    request_human: 'stay',
    assign: conflict,
    transfer_to_agent: noTransfer,
    transfer_to_team: noTransfer,
    transfer_accept: 'serving',
    transfer_reject: returned,
    transfer_expire: returned,
    transfer_target_lost: returned,
    transfer_cancel: 'serving',
    // The offer lives on; when it fails there is nobody to go back to.
    agent_lost: 'transferring',
    reply_late: 'transferring',
    take_over: 'serving',
    reassign: 'serving',
    return_to_queue: conflict,
    close: 'closed',
    rate: 'transferring',
  },
  closed: {
    request_human: closed,
    assign: closed,
    transfer_to_agent: closed,
    transfer_to_team: closed,
    transfer_accept: closed,
    transfer_reject: closed,
    transfer_expire: closed,
    transfer_target_lost: closed,
    transfer_cancel: closed,
    agent_lost: 'stay',
    reply_late: 'stay',
    take_over: closed,
    reassign: closed,
    return_to_queue: closed,
    close: closed,
    rate: 'closed',
  },
} as const satisfies Record<SessionState, Record<Command, Outcome>>;

/** Where sessions begin: with the bot where the channel has one, else in the queue, or with the agent who starts it. */
export const openingStates = ['bot', 'waiting', 'serving'] as const satisfies SessionState[];

export type Decision =
  | { ok: true; next: SessionState }
  | { ok: true; next: undefined }
  | { ok: false; code: ErrorCode; state: SessionState };

/**
 * What the table says; `next` is undefined when the command changes nothing.
 * @param isOriginLost whether who made the offer has gone meanwhile
 */
export function decide(state: SessionState, command: Command, { isOriginLost = false } = {}): Decision {
  const outcome: Outcome = sessionMachine[state][command];
  if (outcome === 'stay') return { ok: true, next: undefined };
  if (typeof outcome === 'string') return { ok: true, next: outcome };
  if ('refused' in outcome) return { ok: false, code: outcome.refused, state };
  return { ok: true, next: isOriginLost ? outcome.withoutOrigin : outcome.toOrigin };
}

/** The table as a Mermaid state diagram. */
export function stateDiagram(): string {
  const lines = Object.entries(sessionMachine).flatMap(([state, row]) =>
    Object.entries(row).flatMap(([command, outcome]: [string, Outcome]) =>
      nextStates(outcome).map((next) => `  ${state} --> ${next}: ${command}`),
    ),
  );
  const openings = { bot: 'open', waiting: 'open', serving: 'start' };
  return ['stateDiagram-v2', ...openingStates.map((state) => `  [*] --> ${state}: ${openings[state]}`), ...lines].join(
    '\n',
  );
}

function nextStates(outcome: Outcome): SessionState[] {
  if (outcome === 'stay') return [];
  if (typeof outcome === 'string') return [outcome];
  return 'refused' in outcome ? [] : [outcome.toOrigin, outcome.withoutOrigin];
}
