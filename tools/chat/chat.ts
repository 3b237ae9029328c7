import { type Client, createClient, type OutboxEntry } from '#libs/client';
import type { Message, Session } from '#libs/contracts';
import { ApiError } from '#libs/testing';
import { type ChatCommand, HELP } from './commands.ts';
import type { Person } from './sign-in.ts';

export interface ChatOptions extends Person {
  codec: 'json' | 'binary';
  print: (line: string) => void;
}

/** One person's conversation on the terminal: events become lines, lines become calls. */
export class Chat {
  readonly #options: ChatOptions;
  readonly #client: Client;
  #session_id: string | undefined;

  constructor(options: ChatOptions) {
    this.#options = options;
    const { url, token, codec, print } = options;
    this.#client = createClient({ url, token, codec });
    this.#client.on('connection', ({ state, error }) => print(`· ${state}${error ? ` (${error.message})` : ''}`));
    this.#client.on('outbox', (entry) => print(outboxLine(entry)));
    this.#client.on('reset', ({ log_epoch }) => print(`· the database went back: reading again (epoch ${log_epoch})`));
    this.#client.on('messages', ({ messages }) => {
      for (const message of messages) print(this.#messageLine(message));
    });
    this.#client.on('session', (session) => this.#noticeSession(session));
    this.#client.on('removed', ({ session_id, reason }) => print(`· ${session_id} is gone: ${reason}`));
    this.#client.on('typing', ({ who, typing, preview }) =>
      print(typing ? `· ${who} is typing${preview ? `: ${preview}` : ''}` : `· ${who} paused`),
    );
    this.#client.on('presence', ({ agent_id, status }) => print(`· ${agent_id} is ${status}`));
  }

  run(): Promise<void> {
    return this.#client.run();
  }

  close(): void {
    this.#client.close();
  }

  /** Does what was typed; a refusal becomes a line. */
  async do(command: ChatCommand): Promise<void> {
    try {
      await this.#run(command);
    } catch (error) {
      const text = error instanceof ApiError ? `${error.problem.code}: ${error.problem.detail}` : String(error);
      this.#options.print(`! ${text}`);
    }
  }

  async #run(command: ChatCommand): Promise<void> {
    const { api, print } = this.#options;
    switch (command.type) {
      case 'nothing':
        return;
      case 'help':
        return print(HELP);
      case 'unknown':
        return print(`! not known: ${command.name}`);
      case 'say':
        this.#client.say(this.#current(), command.text);
        return;
      case 'outbox':
        for (const entry of this.#client.outbox) print(outboxLine(entry));
        return;
      case 'status':
        await this.#client.setStatus(command.status);
        return print(`· you are ${command.status}`);
      case 'sessions':
        return this.#listSessions();
      case 'use':
        this.#session_id = command.session_id;
        return this.#client.follow(this.#current());
      case 'accept':
        await api.post(`/sessions/${command.session_id ?? this.#current()}/accept`);
        return;
      case 'human':
        await api.post(`/sessions/${this.#current()}/request_human`);
        return;
      case 'close':
        await api.post(`/sessions/${this.#current()}/close`, {});
    }
  }

  async #listSessions(): Promise<void> {
    const { items } = await this.#options.api.get<{ items: Session[] }>('/sessions');
    if (items.length === 0) this.#options.print('· no sessions');
    for (const session of items) {
      this.#options.print(`· ${session.session_id} ${session.state} with ${session.visitor.visitor_id}`);
    }
  }

  #current(): string {
    if (!this.#session_id) throw new Error('no session yet: /sessions shows them, /use ID takes one');
    return this.#session_id;
  }

  #noticeSession(session: Session): void {
    // The newest open session is the one a person talks in, until /use says otherwise.
    const current = this.#session_id ? this.#client.session(this.#session_id) : undefined;
    if (!current || current.state === 'closed') this.#session_id = session.session_id;
    const with_ = session.agent ? ` by ${session.agent.name}` : '';
    this.#options.print(`· ${session.session_id} is ${session.state}${with_}`);
  }

  #messageLine({ seq_id, sender, sender_role, type, content }: Message): string {
    const who = sender === this.#options.id ? 'you' : sender_role;
    const words = typeof content === 'string' ? content : JSON.stringify(content);
    return `${String(seq_id).padStart(4)} ${type === 'system' ? '—' : `${who}:`} ${words}`;
  }
}

function outboxLine({ message, state, attempts, error }: OutboxEntry): string {
  const words = 'content' in message && typeof message.content === 'string' ? message.content : message.type;
  const times = attempts > 1 ? `, attempt ${attempts}` : '';
  return `  ↑ ${state}${times}${error ? ` (${error.code})` : ''}: ${words}`;
}
