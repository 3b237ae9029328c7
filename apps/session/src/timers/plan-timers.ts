/**
 * What is due in a session, and when to look again. Pure: the sweep reads the facts, this decides, the sweep acts.
 *
 * Silence is read from the log, never from a projection: a look finds what was said up to now and plans the next one for
 * the first moment at which anything could be due, whatever is said meanwhile. So nothing has to be written when somebody
 * speaks, and nothing is due earlier than it is looked at.
 */
import type { SenderRole, SessionState } from '#libs/contracts';

/** Times are milliseconds since 1970 of the database's clock. */
export interface TimedSession {
  readonly state: SessionState;
  readonly origin: 'visitor' | 'agent' | 'api';
  /** It waits for the team to open: nobody is late. */
  readonly is_offline: boolean;
  readonly opened_at: number;
  /** Since when it waits; null unless it does. */
  readonly queued_at: number | null;
  readonly assigned_at: number | null;
  readonly told: Told;
}

/** What was done already, each with what it was done about: a new stay, assignment or word makes it due again. */
export interface Told {
  readonly waiting?: number;
  readonly reminded?: { readonly seq_id: number; readonly at: number };
  readonly first_reply?: number;
  /** An offer outlives the taking away, and with it the assignment that was about. */
  readonly reply_late?: number;
  readonly next_reply?: number;
  readonly next_reply_escalated?: number;
  readonly unseen?: number;
}

export interface Said {
  readonly seq_id: number;
  readonly at: number;
}

/** What the log and the marks say now. */
export interface Conversation {
  /** The last word of a person or a bot; system lines don't count. */
  readonly last: (Said & { readonly sender_role: SenderRole }) | null;
  readonly has_visitor_spoken: boolean;
  /** Whether the agent who serves has written since the assignment. */
  readonly has_agent_replied: boolean;
  /** The visitor's first word that no agent has answered. */
  readonly unanswered: Said | null;
  /** The first word of the other side that the visitor has not seen. */
  readonly unseen: Said | null;
}

/** Seconds; 0 turns a timer off. */
export interface TimerSettings {
  readonly waiting_seconds: number;
  readonly remind_seconds: number;
  readonly close_seconds: number;
  readonly unseen_seconds: number;
  readonly first_reply_seconds: number;
  readonly next_reply_seconds: number;
}

export type DueAction =
  | 'offer_message'
  | 'remind'
  | 'close'
  | 'warn_first_reply'
  | 'reply_late'
  | 'warn_next_reply'
  | 'escalate_next_reply'
  | 'report_unseen';

export interface TimerPlan {
  /** At most one of `close` and `reply_late`, and it is the last. */
  readonly due: readonly DueAction[];
  readonly told: Told;
  /** When to look again; null when nothing can come due before the next transition. */
  readonly look_at: number | null;
}

/** One thing that is or may become due. */
interface Rule {
  readonly at: number;
  /** Undefined: nothing is pending, and `at` is the earliest moment at which it could be due. */
  readonly action?: DueAction;
  readonly told?: Told;
}

interface Facts {
  readonly session: TimedSession;
  readonly talk: Conversation;
  readonly settings: TimerSettings;
  readonly now: number;
}

const transitions: ReadonlySet<DueAction> = new Set(['close', 'reply_late']);

export function planTimers(session: TimedSession, talk: Conversation, settings: TimerSettings, now: number): TimerPlan {
  const rules = rulesFor({ session, talk, settings, now });
  const next = rules.find(({ at, action }) => action !== undefined && at <= now);
  if (next?.action === undefined) return { due: [], told: session.told, look_at: earliest(rules) };
  const told = { ...session.told, ...next.told };
  if (transitions.has(next.action)) return { due: [next.action], told, look_at: null };
  // What is done may make the next thing pending, such as the closing behind the reminder.
  const rest = planTimers({ ...session, told }, talk, settings, now);
  return { ...rest, due: [next.action, ...rest.due] };
}

function earliest(rules: readonly Rule[]): number | null {
  return rules.length === 0 ? null : Math.min(...rules.map(({ at }) => at));
}

function rulesFor(facts: Facts): Rule[] {
  return [waiting(facts), ...nextReply(facts), unseen(facts), ...firstReply(facts), silence(facts)].flatMap(
    (rule) => rule ?? [],
  );
}

function waiting({ session, settings }: Facts): Rule | undefined {
  const { state, is_offline, queued_at, told } = session;
  const limit = settings.waiting_seconds * 1_000;
  if (state !== 'waiting' || is_offline || queued_at === null || !limit || told.waiting === queued_at) return undefined;
  return { at: queued_at + limit, action: 'offer_message', told: { waiting: queued_at } };
}

/** Warned at half of the time, taken from the agent at its end; also while it is on offer, as nobody else answers then. */
function firstReply({ session, talk, settings, now }: Facts): Rule[] {
  const { state, assigned_at, told, origin } = session;
  const limit = settings.first_reply_seconds * 1_000;
  const isServed = state === 'serving' || state === 'transferring';
  if (!isServed || assigned_at === null || !limit || talk.has_agent_replied) return [];
  if (told.reply_late === assigned_at) return [];
  // Who opened the session has the first word, and may wait for the visitor's: the time runs from that.
  if (origin === 'agent' && !talk.has_visitor_spoken) return [{ at: now + limit / 2 }];
  const since = origin === 'agent' ? Math.max(assigned_at, talk.unanswered?.at ?? 0) : assigned_at;
  const late: Rule = { at: since + limit, action: 'reply_late', told: { reply_late: assigned_at } };
  if (told.first_reply === assigned_at) return [late];
  return [{ at: since + limit / 2, action: 'warn_first_reply', told: { first_reply: assigned_at } }, late];
}

function nextReply({ session, talk, settings, now }: Facts): Rule[] {
  const limit = settings.next_reply_seconds * 1_000;
  if (session.state !== 'serving' || !limit) return [];
  // The first reply has a limit of its own.
  if (!talk.unanswered || !talk.has_agent_replied) return [{ at: now + limit }];
  const { seq_id, at } = talk.unanswered;
  const { told } = session;
  if (told.next_reply !== seq_id) {
    return [{ at: at + limit, action: 'warn_next_reply', told: { next_reply: seq_id } }];
  }
  if (told.next_reply_escalated === seq_id) return [{ at: now + limit }];
  return [{ at: at + 2 * limit, action: 'escalate_next_reply', told: { next_reply_escalated: seq_id } }];
}

function unseen({ session, talk, settings, now }: Facts): Rule | undefined {
  const limit = settings.unseen_seconds * 1_000;
  if (!limit) return undefined;
  const isNew = talk.unseen !== null && talk.unseen.seq_id > (session.told.unseen ?? 0);
  if (isNew && talk.unseen) {
    // Whatever else came meanwhile is told with it: the next report is about words after all of these.
    const seq_id = Math.max(talk.unseen.seq_id, talk.last?.seq_id ?? 0);
    return { at: talk.unseen.at + limit, action: 'report_unseen', told: { unseen: seq_id } };
  }
  return session.state === 'closed' ? undefined : { at: now + limit };
}

/** The visitor says nothing after somebody else has: reminded, then closed, and never sooner than promised by the reminder. */
function silence({ session, talk, settings, now }: Facts): Rule | undefined {
  const remind = settings.remind_seconds * 1_000;
  const close = settings.close_seconds * 1_000;
  const shortest = Math.min(...[remind, close].filter((limit) => limit > 0));
  if (!isTalking(session) || shortest === Infinity) return undefined;
  const since = isNotice(session, talk) ? undefined : silentSince(session, talk);
  if (since === undefined) return { at: now + shortest };
  const { reminded } = session.told;
  const isReminded = reminded?.seq_id === since.seq_id;
  if (remind && !isReminded) {
    return { at: since.at + remind, action: 'remind', told: { reminded: { seq_id: since.seq_id, at: now } } };
  }
  if (!close) return { at: now + remind };
  const notice = isReminded ? reminded.at + Math.max(0, close - remind) : 0;
  return { at: Math.max(since.at + close, notice), action: 'close' };
}

function isTalking({ state }: TimedSession): boolean {
  return state === 'bot' || state === 'serving';
}

/** A notice by a program stays as it is until the visitor writes, which no transition tells. */
function isNotice({ state, origin }: TimedSession, talk: Conversation): boolean {
  return state === 'bot' && origin === 'api' && !talk.has_visitor_spoken;
}

function silentSince({ assigned_at, opened_at }: TimedSession, { last }: Conversation): Said | undefined {
  if (last === null) return { seq_id: 0, at: assigned_at ?? opened_at };
  if (last.sender_role === 'visitor') return undefined;
  // A new agent's time to be silent at begins with the agent.
  return { seq_id: last.seq_id, at: Math.max(last.at, assigned_at ?? 0) };
}
