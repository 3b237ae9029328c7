import { Refusal, type SenderRole } from '#libs/contracts';
import type { Caller } from '#libs/domain';
import { VISITOR_SENDER } from '#libs/protocol';

/** Under which name a caller's messages stand in the log, and under which one they are identified. */
export function senderOf(caller: Caller, from?: string): { sender: string; sender_role: SenderRole; identity: string } {
  if (caller.kind === 'visitor') return { sender: caller.visitor_id, sender_role: 'visitor', identity: VISITOR_SENDER };
  if (caller.kind === 'agent') return { sender: caller.agent_id, sender_role: 'agent', identity: caller.agent_id };
  return senderOfKey(caller, from ?? caller.sender_names[0] ?? caller.key_id);
}

function senderOfKey(caller: Extract<Caller, { kind: 'key' }>, from: string) {
  if (from === 'system') return { sender: from, sender_role: 'system', identity: from } as const;
  if (from.startsWith('agt_')) return { sender: from, sender_role: 'agent', identity: from } as const;
  // Under this name visitors are identified.
  if (from === VISITOR_SENDER) throw new Refusal('VALIDATION_FAILED', { detail: 'from: is reserved' });
  if (from === caller.key_id || caller.sender_names.includes(from))
    return { sender: from, sender_role: 'api', identity: from } as const;
  throw new Refusal('VALIDATION_FAILED', { detail: 'from: not a name of this key' });
}
