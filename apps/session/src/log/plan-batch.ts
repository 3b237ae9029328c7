import type { Message, SessionState } from '#libs/contracts';
import type { AgentId, SessionId, VisitorId } from '#libs/protocol';
import type { Inbound } from './inbound.ts';

/** What the writer knows of a session when it numbers a batch. */
export interface SessionFacts {
  readonly state: SessionState;
  readonly visitor_id: VisitorId;
  readonly agent_id: AgentId | null;
  /** Its channel has no bot: somebody has to be found when the visitor writes. */
  readonly lacks_bot: boolean;
  /** The highest number in the log; 0 when it is empty. */
  readonly last_seq_id: number;
}

export interface BatchFacts {
  /** Stored rows of the batch's message_ids. */
  readonly stored: ReadonlyMap<string, Message>;
  readonly sessions: ReadonlyMap<string, SessionFacts>;
}

/** What is to be done with a batch; `publish` is in the order of the records. */
export interface BatchPlan {
  /** New rows, numbered without holes behind what is there. */
  readonly insert: readonly Message[];
  /** Stored rows, new or seen before, of the sessions they were sent to. */
  readonly publish: readonly Message[];
  /** Visitors' words to closed sessions: they go on to the follow-up session with their identity. */
  readonly relocate: readonly Inbound[];
  /** Sessions with a visitor's word that nobody would answer: they belong into the queue. */
  readonly enqueue: readonly SessionId[];
  /** Bots' answers that came after the bot was no longer in charge. */
  readonly drop: readonly Inbound[];
}

/**
 * Identity first: what is stored, or came earlier in the batch, is settled whatever the session's state is now; only the
 * rest meets the rules of state. Pure; every session of the batch must be among the facts.
 */
export function planBatch(inbound: readonly Inbound[], facts: BatchFacts): BatchPlan {
  const plan = sortOut(inbound, facts);
  const isUnanswered = ({ session_id, sender_role }: Message) => {
    const session = facts.sessions.get(session_id);
    return sender_role === 'visitor' && session?.state === 'bot' && session.lacks_bot;
  };
  // Of repeats too: a writer may have died between its insert and its request.
  const unanswered = plan.publish.filter(isUnanswered).map(({ session_id }) => session_id);
  return { ...plan, enqueue: [...new Set(unanswered)] };
}

function sortOut(inbound: readonly Inbound[], { stored, sessions }: BatchFacts): Omit<BatchPlan, 'enqueue'> {
  const next = new Map<SessionId, number>();
  const seen = new Set<string>();
  const plan = { insert: [] as Message[], publish: [] as Message[], relocate: [] as Inbound[], drop: [] as Inbound[] };
  for (const record of inbound) {
    const { draft } = record;
    if (seen.has(draft.message_id)) continue;
    const known = stored.get(draft.message_id);
    // A row that moved to a follow-up session is published by its own record there: from here it could overtake others.
    if (known && known.session_id !== draft.session_id) continue;
    if (known) {
      seen.add(draft.message_id);
      plan.publish.push(known);
      continue;
    }
    const session = sessions.get(draft.session_id);
    if (!session) throw new Error(`no facts about ${draft.session_id}`);
    if (isForFollowUp(record, session)) {
      // Not settled by that: its own record under the follow-up session may come later in this batch.
      if (!plan.relocate.some((one) => one.draft.message_id === draft.message_id)) plan.relocate.push(record);
      continue;
    }
    seen.add(draft.message_id);
    if (draft.sender_role === 'bot' && session.state !== 'bot') plan.drop.push(record);
    else {
      const seq_id = (next.get(draft.session_id) ?? session.last_seq_id) + 1;
      next.set(draft.session_id, seq_id);
      const message: Message = { ...draft, seq_id };
      plan.insert.push(message);
      plan.publish.push(message);
    }
  }
  return { ...plan, relocate: plan.relocate.filter(({ draft }) => !seen.has(draft.message_id)) };
}

function isForFollowUp({ draft }: Inbound, { state }: SessionFacts): boolean {
  return state === 'closed' && draft.sender_role === 'visitor' && draft.type !== 'recall';
}
