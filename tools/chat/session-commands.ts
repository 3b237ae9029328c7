import type { Client, Colleague, Team } from '#libs/client';
import type { ServerEvents, Session } from '#libs/contracts';
import type { SessionCommand } from './commands.ts';
import { colleagueLine, queueLine, type Reader } from './lines.ts';
import { findTransferTarget } from './transfer-target.ts';

export interface SessionCommandsEdges {
  client: Client;
  reader: Reader;
  print(line: string): void;
  /** The session a person writes in. */
  current(): string | undefined;
  /** From now on this one, or none. */
  choose(session_id: string | undefined): void;
  /** Offers that were not answered yet, the oldest first. */
  offers: ReadonlyMap<string, ServerEvents['transfer:offered']>;
  /** What a push last said of a colleague's presence. */
  presence: ReadonlyMap<string, string>;
}

/** Commands as calls; what becomes of them comes back as events, and most of it is told by these. */
export class SessionCommands {
  readonly #edges: SessionCommandsEdges;
  /** As they were last read. */
  readonly people: { agents: readonly Colleague[]; teams: readonly Team[] } = { agents: [], teams: [] };
  /** The session that is just being entered: once it is the own one, it is gone on with. */
  entering: string | undefined;

  constructor(edges: SessionCommandsEdges) {
    this.#edges = edges;
  }

  async run(command: SessionCommand): Promise<void> {
    const { calls } = this.#edges.client;
    switch (command.type) {
      case 'human':
        return void (await calls.requestHuman(this.current));
      case 'rate':
        return this.#rate(command);
      case 'close':
        return this.#leave(
          await calls.close(this.current, command.reason === undefined ? {} : { reason: command.reason }),
        );
      case 'return':
        return this.#leave(await calls.returnToQueue(this.current));
      case 'transfer':
        return this.#transfer(command.text);
      case 'cancel':
        return void (await calls.cancelTransfer(this.#ownOffer()));
      case 'accept':
        return this.#enter(await this.#waiting(command.which), (session_id) => calls.accept(session_id));
      case 'take':
        return this.#enter(this.#offered(command.which), (session_id) => calls.acceptTransfer(session_id));
      case 'decline':
        return void (await calls.rejectTransfer(this.#offered(command.which)));
      case 'takeover':
        return this.#enter(this.#find(command.which), (session_id) => calls.takeOver(session_id));
      case 'switch':
        return this.#edges.choose(this.#find(command.which));
      case 'queue':
        return this.#showQueue();
      case 'agents':
        return this.#showPeople();
      case 'sessions':
        return this.#showSessions();
    }
  }

  /** @throws when a person writes nowhere */
  get current(): string {
    const current = this.#edges.current();
    if (current !== undefined) return current;
    throw new Error('you are in no session: /accept takes one that waits, /switch N goes to one of yours');
  }

  /** Reads who there is, so that names can be shown and completed. */
  async readPeople(): Promise<void> {
    const { calls } = this.#edges.client;
    const [agents, teams] = await Promise.all([calls.agents(), calls.teams()]);
    Object.assign(this.people, { agents, teams });
    this.#edges.reader.names.learnPeople(agents, teams);
  }

  async #rate({ score, comment }: Extract<SessionCommand, { type: 'rate' }>): Promise<void> {
    const { client, print } = this.#edges;
    const { current } = this;
    const session = client.session(current);
    // Who has just begun anew speaks of the one before.
    const isNew = session?.state === 'bot' || session?.state === 'waiting';
    const session_id = (isNew ? session.previous_session_id : undefined) ?? current;
    await client.calls.rate(session_id, { score, ...(comment === undefined ? {} : { comment }) });
    print(`· thank you: rated ${score}`);
  }

  async #transfer(text: string): Promise<void> {
    const { client, reader } = this.#edges;
    const session_id = this.current;
    await this.readPeople();
    const colleagues = this.people.agents.filter(({ agent_id, disabled }) => agent_id !== reader.id && !disabled);
    const found = findTransferTarget(text, colleagues, this.people.teams);
    if (!found.ok) throw new Error(found.text);
    this.#leave(await client.calls.transfer(session_id, found.to));
  }

  /** A session that is ours no more is not written in any more. */
  #leave({ session_id, state, agent }: Session): void {
    const { reader, current, choose } = this.#edges;
    if (reader.role === 'visitor' || current() !== session_id) return;
    if (state === 'closed' || agent?.agent_id !== reader.id) choose(undefined);
  }

  async #enter(session_id: string, call: (session_id: string) => Promise<Session>): Promise<void> {
    this.entering = session_id;
    try {
      await call(session_id);
      this.#edges.choose(session_id);
    } finally {
      this.entering = undefined;
    }
  }

  #find(which: string): string {
    const session_id = this.#edges.reader.names.findSession(which);
    if (session_id === undefined) throw new Error(`there is no session ${which}: /sessions and /queue show them`);
    return session_id;
  }

  #offered(which: string | undefined): string {
    if (which !== undefined) return this.#find(which);
    const [session_id, another] = this.#edges.offers.keys();
    if (session_id === undefined) throw new Error('nobody offers you a session now');
    if (another !== undefined) throw new Error('you are offered more than one: say which by its number');
    return session_id;
  }

  #ownOffer(): string {
    const { client, reader } = this.#edges;
    const own = client.openSessions.filter(
      ({ state, agent }) => state === 'transferring' && agent?.agent_id === reader.id,
    );
    const [session, another] = own;
    return session && !another ? session.session_id : this.current;
  }

  async #waiting(which: string | undefined): Promise<string> {
    if (which !== undefined) return this.#find(which);
    const [first] = (await this.#edges.client.calls.queue()).toSorted((one, other) => one.position - other.position);
    if (!first) throw new Error('nobody waits');
    return first.session_id;
  }

  async #showQueue(): Promise<void> {
    const { client, reader, print } = this.#edges;
    const items = await client.calls.queue();
    print(items.length === 0 ? '· nobody waits' : `· ${items.length} waiting`);
    for (const item of items) print(queueLine(item, reader));
  }

  async #showPeople(): Promise<void> {
    const { print, presence } = this.#edges;
    await this.readPeople();
    const { agents, teams } = this.people;
    for (const agent of agents) if (!agent.disabled) print(colleagueLine(agent, presence.get(agent.agent_id)));
    print(`· teams: ${teams.map(({ name }) => name).join(', ')}`);
  }

  async #showSessions(): Promise<void> {
    const { client, reader, print } = this.#edges;
    const { items } = await client.calls.sessions();
    if (items.length === 0) print('· no sessions');
    for (const session of items) {
      reader.names.learnSession(session);
      const by = session.agent ? ` by ${reader.names.of(session.agent.agent_id)}` : '';
      print(`·   ${reader.names.session(session.session_id)} ${session.state}${by}, ${session.last_seq_id} entries`);
    }
  }
}
