import type { Client, ClientEvents } from '#libs/client';
import type { Message, Session } from '#libs/contracts';
import { type ChatCommand, complete, helpFor } from './commands.ts';
import {
  failureLine,
  lateLine,
  messageLine,
  offerLine,
  outboxLine,
  placeText,
  printable,
  type Reader,
  removedLine,
  sessionLine,
  targetOf,
} from './lines.ts';
import { Names } from './names.ts';
import { SessionCommands } from './session-commands.ts';
import type { Person } from './sign-in.ts';
import { Transcript } from './transcript.ts';

/** What a conversation is shown on. */
export interface Screen {
  print(line: string): void;
  setPrompt(prompt: string): void;
  readonly isTyping: boolean;
}

const NAME_DEADLINE_MS = 2_000;
const OUTBOX_DEADLINE_MS = 10_000;

/** One person's conversations on the terminal: events become lines, lines become calls, one after the other. */
export class Chat {
  readonly #screen: Screen;
  readonly #client: Client;
  readonly #reader: Reader;
  readonly #commands: SessionCommands;
  readonly #transcript: Transcript;
  /** Sessions as they were told last. */
  readonly #known = new Map<string, Session>();
  readonly #offers = new Map<string, ClientEvents['offer']>();
  readonly #presence = new Map<string, string>();
  #work: Promise<void> = Promise.resolve();
  /** Whose names were asked for. */
  readonly #asked = new Set<string>();
  #current: string | undefined;
  #place: string | undefined;

  constructor(client: Client, { id, role, session_id }: Pick<Person, 'id' | 'role' | 'session_id'>, screen: Screen) {
    this.#client = client;
    this.#screen = screen;
    this.#reader = { id, role, names: new Names(id) };
    this.#current = session_id;
    this.#commands = new SessionCommands({
      client,
      reader: this.#reader,
      print: (line) => this.#print(line),
      current: () => this.#current,
      choose: (chosen) => this.#choose(chosen),
      offers: this.#offers,
      presence: this.#presence,
    });
    this.#transcript = new Transcript({
      messages: (of) => client.messages(of),
      print: (of, message) => this.#print(`${this.#prefix(of)}${messageLine(message, this.#reader)}`),
      prepare: (message) => this.#learnNames(message),
    });
    this.#listen();
  }

  /** Settles when it is closed, or when the server wants nothing to do with this person. */
  async run(): Promise<void> {
    const running = this.#client.run();
    if (this.#current !== undefined) void this.#client.follow(this.#current);
    if (this.#reader.role === 'agent') await this.#orFail(this.#commands.readPeople());
    await running;
  }

  /** Does what was typed when all that was typed before it is done; a refusal becomes a line. */
  do(command: ChatCommand): void {
    this.#work = this.#work.then(() => this.#orFail(this.#run(command)));
  }

  complete(line: string): [string[], string] {
    const { agents, teams } = this.#commands.people;
    const others = agents.filter(({ agent_id }) => agent_id !== this.#reader.id);
    return complete(
      line,
      this.#reader.role,
      [...others, ...teams].map(({ name }) => name),
    );
  }

  /** Ends when what was typed is done and the server has every word, or says which it has not. */
  async close(): Promise<void> {
    await this.#work;
    const deadline = Date.now() + OUTBOX_DEADLINE_MS;
    const unsent = () => this.#client.outbox.filter(({ state }) => state === 'queued' || state === 'sending');
    while (unsent().length > 0 && Date.now() < deadline && this.#client.state !== 'stopped') await sleep(50);
    for (const entry of unsent()) this.#print(`! not sent: ${outboxLine(entry).trim()}`);
    this.#client.close();
  }

  async #run(command: ChatCommand): Promise<void> {
    switch (command.type) {
      case 'nothing':
        return;
      case 'help':
        for (const line of helpFor(this.#reader.role)) this.#print(line);
        return;
      case 'unknown':
        return this.#print(`! not known: ${command.name}; /help says what there is`);
      case 'misused':
        return this.#print(`! it is ${command.usage}`);
      case 'say':
        this.#client.say(this.#commands.current, command.text);
        return;
      case 'outbox':
        if (this.#client.outbox.length === 0) this.#print('· all your words are in the log');
        for (const entry of this.#client.outbox) this.#print(outboxLine(entry));
        return;
      case 'status':
        await this.#client.setStatus(command.status, command.reason);
        return this.#notePresence(this.#reader.id, command.status);
      default:
        return this.#commands.run(command);
    }
  }

  #listen(): void {
    const client = this.#client;
    client.on('connection', ({ state, error }) => this.#print(`· ${state}${error ? ` (${error.message})` : ''}`));
    client.on('outbox', (entry) => this.#print(outboxLine(entry)));
    client.on('reset', ({ log_epoch }) => {
      this.#print(`· the database went back: reading again (epoch ${log_epoch})`);
      this.#transcript.reset();
      this.#known.clear();
    });
    client.on('messages', ({ session_id }) => this.#showIfShown(session_id));
    client.on('session', (session) => this.#noticeSession(session));
    client.on('removed', (removal) => this.#noticeRemoved(removal));
    client.on('follow_up', (followUp) => this.#noticeFollowUp(followUp));
    client.on('queue', (place) => this.#notePlace(placeText(place)));
    client.on('offer', (offer) => {
      this.#offers.set(offer.session.session_id, offer);
      this.#print(offerLine(offer, this.#reader));
    });
    client.on('note', ({ session_id, note }) =>
      this.#print(`· ${this.#reader.names.session(session_id)} note of ${note.author.name}: ${note.content}`),
    );
    client.on('sla', (breach) => this.#print(lateLine(breach, this.#reader)));
    client.on('typing', ({ session_id, who, typing, preview }) => {
      const name = this.#reader.names.of(who);
      const what = typing ? `is typing${preview ? `: ${preview}` : ''}` : 'paused';
      this.#print(`${this.#prefix(session_id)}· ${name} ${what}`);
    });
    client.on('presence', ({ agent_id, status }) => this.#notePresence(agent_id, status));
  }

  #noticeSession(session: Session): void {
    const { session_id, state, position } = session;
    const before = this.#known.get(session_id);
    this.#known.set(session_id, session);
    this.#reader.names.learnSession(session);
    if (this.#reader.role === 'visitor') {
      if (state === 'waiting' && position !== undefined) this.#notePlace(placeText({ ...session, position }));
      if (state !== 'waiting') this.#place = undefined;
      if (state === 'closed' && before && before.state !== 'closed') {
        this.#print('· closed: your next word opens a new session; /rate says how this one was');
      }
      return this.#showIfShown(session_id);
    }
    if (session.transfer?.to_agent !== this.#reader.id) this.#offers.delete(session_id);
    const line = sessionLine(before, session, this.#reader);
    const whereToWrite = this.#takeUp(session, before);
    if (line !== undefined) this.#print(whereToWrite === undefined ? line : `${line}: ${whereToWrite}`);
    this.#showIfShown(session_id);
  }

  /** A session that is the own one now is gone on with at once if nothing else is; never while words are being typed. */
  #takeUp({ session_id, state, agent }: Session, before: Session | undefined): string | undefined {
    const { id, names } = this.#reader;
    const isNew = state === 'serving' && agent?.agent_id === id && before?.agent?.agent_id !== id;
    if (!isNew || this.#current === session_id) return undefined;
    const isWanted = this.#commands.entering === session_id;
    const isFree = this.#current === undefined || this.#known.get(this.#current)?.state === 'closed';
    if (!isWanted && (!isFree || this.#screen.isTyping)) return `/switch ${names.number(session_id)} to write there`;
    this.#writeIn(session_id);
    return 'you write there';
  }

  #noticeRemoved(removal: ClientEvents['removed']): void {
    const { session_id } = removal;
    const isCurrent = this.#current === session_id;
    const isOwn = this.#known.get(session_id)?.agent?.agent_id === this.#reader.id;
    if (this.#offers.delete(session_id))
      this.#print(`· the offer of ${this.#reader.names.session(session_id)} is over`);
    else if (isOwn || isCurrent) this.#print(removedLine(removal, this.#reader));
    this.#known.delete(session_id);
    if (isCurrent) this.#choose(undefined);
  }

  #noticeFollowUp({ previous_session_id, session_id }: ClientEvents['follow_up']): void {
    if (this.#reader.role !== 'visitor' || this.#current !== previous_session_id) return;
    this.#print('· a new session goes on from here');
    this.#choose(session_id);
  }

  #choose(session_id: string | undefined): void {
    if (this.#current === session_id) return;
    this.#writeIn(session_id);
    const { role, names } = this.#reader;
    if (session_id === undefined) return;
    if (role === 'agent') this.#print(`· you write in ${names.session(session_id)}`);
    void this.#client.follow(session_id);
  }

  #writeIn(session_id: string | undefined): void {
    const { role, names } = this.#reader;
    this.#current = session_id;
    if (role === 'agent') this.#screen.setPrompt(session_id === undefined ? '> ' : `#${names.number(session_id)}> `);
    if (session_id !== undefined) void this.#transcript.show(session_id);
  }

  /** A visitor sees all; an agent what is or was the own, and what was looked into. Others' words stay in the queue. */
  #showIfShown(session_id: string): void {
    const { role, id } = this.#reader;
    const isOwn = role === 'visitor' || this.#known.get(session_id)?.agent?.agent_id === id;
    if (isOwn || this.#current === session_id || this.#transcript.has(session_id))
      void this.#transcript.show(session_id);
  }

  /** Whom a visitor speaks with is told by the session itself, which may come after the words. Asked for once a person. */
  #learnNames(message: Message): Promise<void> | undefined {
    const { role, names } = this.#reader;
    const { session_id, sender, sender_role } = message;
    const needed = targetOf(message) ?? (sender_role === 'agent' ? sender : undefined);
    if (needed === undefined || names.isKnown(needed) || this.#asked.has(needed)) return undefined;
    this.#asked.add(needed);
    if (role === 'visitor' && needed.startsWith('team_')) return undefined;
    const learning = role === 'agent' ? this.#commands.readPeople() : this.#client.follow(session_id);
    return Promise.race([learning.catch(() => undefined), sleep(NAME_DEADLINE_MS)]);
  }

  #notePlace(place: string): void {
    if (this.#place === place) return;
    this.#place = place;
    this.#print(`· ${place}`);
  }

  #notePresence(agent_id: string, status: string): void {
    if (this.#presence.get(agent_id) === status) return;
    this.#presence.set(agent_id, status);
    const { id, names } = this.#reader;
    this.#print(agent_id === id ? `· you are ${status}` : `· ${names.of(agent_id, 'a colleague')} is ${status}`);
  }

  #prefix(session_id: string): string {
    const isOther = this.#reader.role === 'agent' && session_id !== this.#current;
    return isOther ? `#${this.#reader.names.number(session_id)} ` : '';
  }

  async #orFail(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#print(failureLine(error));
    }
  }

  #print(line: string): void {
    this.#screen.print(printable(line));
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
