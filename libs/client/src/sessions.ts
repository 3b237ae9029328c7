/**
 * The sessions of one person: what is known of them, offers, and which one goes on where another ended.
 *
 * Lifecycle of a session here: held from the first that is heard of it; closed, it stays held; taken away
 * (`session:removed`), it is held no more, its list stays readable as history and is not kept up to date. A session of
 * others that was not chosen is an entry of the queue: it has no list, and is held while it waits.
 *
 * Guarantees: each session is told in rising versions; an offer is told once; `follow_up` is told once, when every word to
 * the closed session has been seen in the log.
 */
import type { ConnectionReady, Heads, Message, ServerEvents, Session } from '#libs/contracts';
import { isId } from '#libs/protocol';
import { backOff, pause } from './back-off.ts';
import type { Calls } from './calls.ts';
import type { Emitter } from './emitter.ts';
import { FollowUps } from './follow-ups.ts';
import { HeldSessions } from './held-sessions.ts';
import type { Logs } from './logs.ts';
import type { OutboxEntry } from './outbox.ts';
import { OwnSessions } from './own-sessions.ts';
import { CallFailed, type Rest } from './rest.ts';

export type SessionEvents = {
  /** A session in a higher version than before. */
  session: Session;
  /** The session is held no more; `messages` of it are history. */
  removed: ServerEvents['session:removed'];
  /** Somebody offers a session to this agent; `removed` says that the offer is over. Once an offer. */
  offer: ServerEvents['transfer:offered'];
  /** A closed session goes on in another one, and everything that was written to it is settled: write there now. */
  follow_up: { previous_session_id: string; session_id: string };
};

export interface SessionsEdges {
  rest: Pick<Rest, 'session'>;
  calls: Pick<Calls, 'me' | 'sessions' | 'queue'>;
  logs: Pick<Logs, 'session_ids' | 'has' | 'noticeHead' | 'poll' | 'stopPolling' | 'forget'>;
  events: Pick<Emitter<SessionEvents>, 'emit'>;
  /** Whether a word to this session is not seen in the log yet. */
  hasWords(session_id: string): boolean;
  /** No socket, so nothing is pushed. */
  isBlocked(): boolean;
  random(): number;
  closing: AbortSignal;
}

const SEARCHES = 8;
const MOST_SERVED = 200;

export class Sessions {
  readonly #edges: SessionsEdges;
  readonly #held = new HeldSessions();
  readonly #followUps = new FollowUps();
  /** When the offers end that were told last. */
  readonly #offers = new Map<string, string>();
  readonly #searching = new Set<string>();
  readonly #own = new OwnSessions();
  #isRefused = false;

  constructor(edges: SessionsEdges) {
    this.#edges = edges;
  }

  find(session_id: string): Session | undefined {
    return this.#held.find(session_id);
  }

  get open(): readonly Session[] {
    return this.#held.open;
  }

  /** Those whose lists are kept up to date. */
  get followed(): readonly string[] {
    return this.#edges.logs.session_ids.filter((session_id) => this.isFollowed(session_id));
  }

  /** False for history: what was taken away, and what an agent has closed and nobody looks into. */
  isFollowed(session_id: string): boolean {
    if (this.#held.isLeft(session_id)) return false;
    const session = this.#held.find(session_id);
    if (session === undefined || this.#own.isChosen(session_id) || this.#edges.hasWords(session_id)) return true;
    if (!this.#own.isKnown) return true;
    return this.#own.isOwn(session) && (this.#own.isVisitor || session.state !== 'closed');
  }

  /** Reads it anew, whosever it is; one that was taken away is welcome again. */
  follow(session_id: string): Promise<void> {
    this.#own.choose(session_id);
    this.#held.readmit(session_id);
    return this.refresh(session_id);
  }

  notice(session: Session): void {
    const { session_id, previous_session_id, transfer } = session;
    const { events, logs } = this.#edges;
    const before = this.#held.find(session_id);
    if (this.#held.take(session)) {
      // Chosen as an own one, which it is no more.
      if (before && this.#own.isOwn(before) && !this.#own.isOwn(session)) this.#own.leave(session_id);
      events.emit('session', session);
      if (!before && previous_session_id && logs.has(previous_session_id)) {
        this.#followUps.noteOpened(session_id, previous_session_id);
        this.#tellFollowUp(previous_session_id);
      }
      if (transfer?.to_agent && transfer.to_agent === this.#own.user_id) this.#tellOffer({ session, ...transfer });
      this.#seekFollowUp(session_id);
    }
    // What is held decides whose it is: this one may be older.
    const held = this.#held.find(session_id);
    if (held) this.#sort(held, session.last_seq_id);
  }

  noticeOffer(offer: ServerEvents['transfer:offered']): void {
    this.notice(offer.session);
    this.#tellOffer(offer);
  }

  noticeRemoved(removal: ServerEvents['session:removed']): void {
    const { logs, events } = this.#edges;
    this.#own.leave(removal.session_id);
    const { isNews, forgotten } = this.#held.drop(removal.session_id);
    logs.stopPolling(removal.session_id);
    if (forgotten !== undefined) {
      logs.forget(forgotten);
      this.#offers.delete(forgotten);
    }
    if (isNews) events.emit('removed', removal);
  }

  noticeHeads(heads: Heads): void {
    for (const [session_id, { seq_id, version }] of Object.entries(heads)) {
      this.#edges.logs.noticeHead(session_id, seq_id);
      if ((this.#held.find(session_id)?.version ?? 0) < version) void this.refresh(session_id);
    }
  }

  /** The connection stands: offers and queues are looked at, as no head speaks of them. */
  noticeUser(user: Pick<ConnectionReady['user'], 'id' | 'role'>): void {
    const wasKnown = this.#own.isKnown;
    this.#own.noteUser(user);
    if (!wasKnown) for (const session of this.#held.all) this.#sort(session);
    if (this.#own.isVisitor) return;
    void this.#findOffers();
    void this.#checkEntries();
  }

  /**
   * Without a socket nobody pushes: an agent's new sessions and offers are looked for. That the agent is here the server
   * learns by it, too. Visitors have what they follow.
   */
  async lookAround(): Promise<void> {
    const agent_id = this.#own.user_id ?? (await this.#learnUser());
    if (agent_id === undefined || !isId('agt', agent_id)) return;
    await this.#find({ state: 'serving', agent_id, limit: MOST_SERVED }, () => true);
    await this.#findOffers();
    await this.#checkEntries();
  }

  /** A word was seen in the log, and where. */
  noticeWord({ session_id }: Message, { message }: OutboxEntry): void {
    this.#followUps.noteWord(session_id, message.session_id);
    this.#tellFollowUp(message.session_id);
  }

  /** The outbox has news of a word to this session. */
  noticeEntry({ state, message }: OutboxEntry): void {
    if (state === 'sent') this.#seekFollowUp(message.session_id);
    if (state === 'refused') this.#tellFollowUp(message.session_id);
  }

  /** Messages are shown that nobody pushed: a visible transition leaves an entry among them. */
  noticePolled(session_id: string, messages: readonly Message[]): void {
    if (messages.some(({ type }) => type === 'system' || type === 'transfer')) void this.refresh(session_id);
  }

  /** A command begins; what is returned takes its answer. */
  expect(session_id: string): (session: Session) => void {
    // An answer of before a reset or a removal would raise the head for ever, or bring back what is gone.
    const isStill = this.#held.ask(session_id);
    return (session) => {
      if (!isStill()) return;
      // Without a socket nobody says who this person is; what is acted on is wanted.
      if (!this.#own.isKnown) this.#own.choose(session.session_id);
      this.notice(session);
    };
  }

  clear(): void {
    this.#held.clear();
  }

  async refresh(session_id: string): Promise<void> {
    const isStill = this.#held.ask(session_id);
    try {
      const session = await this.#edges.rest.session(session_id);
      if (isStill()) this.notice(session);
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      if (error.code === 'NOT_FOUND' && isStill()) this.noticeRemoved({ session_id, reason: 'not_found' });
    }
  }

  /** Wanted: its list is kept. An entry: only held, while it waits. */
  #sort(session: Session, last_seq_id = session.last_seq_id): void {
    const { session_id, state } = session;
    const { logs, isBlocked } = this.#edges;
    if (this.#own.isWanted(session)) {
      if (isBlocked() && this.isFollowed(session_id)) logs.poll(session_id);
      return logs.noticeHead(session_id, last_seq_id);
    }
    if (!this.#own.isKnown) return;
    logs.stopPolling(session_id);
    if (state !== 'waiting') this.#dismiss(session, state === 'closed' ? 'closed' : 'assigned');
  }

  #dismiss(session: Session, reason: string): void {
    const { session_id } = session;
    if (this.#edges.logs.has(session_id)) return this.noticeRemoved({ session_id, reason });
    this.#held.dismiss(session);
    this.#edges.events.emit('removed', { session_id, reason });
  }

  /** Entries may have left the queue while nothing was pushed; only those that are not found in it are read. */
  async #checkEntries(): Promise<void> {
    const entries = this.#held.open.filter((session) => !this.#own.isWanted(session));
    if (entries.length === 0) return;
    try {
      const waiting = new Set<string>((await this.#edges.calls.queue()).map(({ session_id }) => session_id));
      for (const entry of entries) {
        // A queue comes in pages and moves between them: to be missing there proves nothing.
        const isSame = this.#held.find(entry.session_id) === entry;
        if (isSame && !waiting.has(entry.session_id)) void this.refresh(entry.session_id);
      }
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
    }
  }

  #tellOffer({ session, from, expires_at }: ServerEvents['transfer:offered']): void {
    if (this.#offers.get(session.session_id) === expires_at) return;
    this.#offers.set(session.session_id, expires_at);
    this.#edges.events.emit('offer', { session, from, expires_at });
  }

  #tellFollowUp(previous_session_id: string): void {
    const isSettled = !this.#edges.hasWords(previous_session_id);
    const session_id = this.#followUps.takeNews(previous_session_id, { isSettled });
    if (session_id !== undefined) this.#edges.events.emit('follow_up', { previous_session_id, session_id });
  }

  /** Without a socket nobody names the session in which a word to a closed one appears: it is looked for. */
  #seekFollowUp(session_id: string): void {
    const { isBlocked, hasWords } = this.#edges;
    const isWanted = () => isBlocked() && hasWords(session_id);
    if (this.#held.find(session_id)?.state !== 'closed' || !isWanted() || this.#searching.has(session_id)) return;
    this.#searching.add(session_id);
    void this.#search(session_id, isWanted).finally(() => this.#searching.delete(session_id));
  }

  async #search(session_id: string, isWanted: () => boolean): Promise<void> {
    const { closing, random } = this.#edges;
    for (let attempt = 1; attempt <= SEARCHES && isWanted() && !closing.aborted; attempt += 1) {
      await this.#find({ limit: 5 }, (session) => this.#mayFollow(session, session_id));
      await pause(backOff(attempt, random()), closing);
    }
  }

  #mayFollow(session: Session, closed_id: string): boolean {
    if (this.#own.isKnown) return this.#own.isOwn(session);
    const closed = this.#held.find(closed_id);
    const isMeant =
      session.previous_session_id === closed_id || session.visitor.visitor_id === closed?.visitor.visitor_id;
    if (isMeant) this.#own.choose(session.session_id);
    return isMeant;
  }

  /** Who this is when no connection has ever stood; undefined for visitors and while nobody answers. */
  async #learnUser(): Promise<string | undefined> {
    if (this.#isRefused) return undefined;
    try {
      const { agent_id, role } = await this.#edges.calls.me();
      this.noticeUser({ id: agent_id, role });
      return agent_id;
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      // A visitor, who is not asked for again.
      this.#isRefused = error.code === 'FORBIDDEN';
      return undefined;
    }
  }

  #findOffers(): Promise<void> {
    const { user_id } = this.#own;
    return this.#find({ state: 'transferring' }, ({ transfer }) => transfer?.to_agent === user_id);
  }

  async #find(query: Parameters<Calls['sessions']>[0], isMeant: (session: Session) => boolean): Promise<void> {
    try {
      const { items } = await this.#edges.calls.sessions(query);
      for (const session of items) if (isMeant(session)) this.notice(session);
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
    }
  }
}
