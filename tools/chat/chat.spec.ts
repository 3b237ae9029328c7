import { expect, test } from 'vitest';
import type { Client, ClientEvents } from '#libs/client';
import type { Message, Session } from '#libs/contracts';
import { Chat } from './chat.ts';
import { commandOf, type Role } from './commands.ts';

const expires_at = '2026-01-01T00:00:30Z';
const anna = { agent_id: 'agt_anna', name: 'Anna' };
const bo = { agent_id: 'agt_bo', name: 'Bo' };
const messageOf = (session_id: string, seq_id: number, content: unknown, more: object = {}) =>
  ({ session_id, seq_id, content, type: 'text', sender: 'vis_7g2k', sender_role: 'visitor', ...more }) as Message;
const sessionOf = (session_id: string, state: string, more: object = {}) =>
  ({
    session_id,
    state,
    visitor: { visitor_id: 'vis_7g2k', name: null },
    agent: null,
    close_reason: null,
    previous_session_id: null,
    ...more,
  }) as unknown as Session;

/** A chat over a client that does what the test says; each call is noted, and answered by what `answers` holds for it. */
function chatOf(id: string, role: Role, session_id?: string) {
  const listeners = new Map<string, (payload: never) => void>();
  const logs: Record<string, Message[]> = {};
  const sessions = new Map<string, Session>();
  const called: string[] = [];
  const said: string[] = [];
  const answers: Record<string, unknown> = { agents: [anna, bo], teams: [{ team_id: 'team_2', name: 'Second Line' }] };
  const calls = new Proxy({} as Client['calls'], {
    get:
      (_target, name: string) =>
      async (...args: unknown[]) => {
        called.push([name, ...args.map((arg) => (typeof arg === 'string' ? arg : JSON.stringify(arg)))].join(' '));
        const answer = answers[name];
        if (answer instanceof Error) throw answer;
        return typeof answer === 'function' ? (answer as () => unknown)() : answer;
      },
  });
  const client = {
    calls,
    on: (name: string, listener: (payload: never) => void) => listeners.set(name, listener),
    run: () => new Promise<void>(() => {}),
    close: () => called.push('closed'),
    follow: async (followed: string) => {
      called.push(`follow ${followed}`);
      await answers['follow'];
    },
    messages: (of: string) => logs[of] ?? [],
    session: (of: string) => sessions.get(of),
    say: (to: string, text: string) => said.push(`${to} ${text}`),
    setStatus: async (status: string) => void called.push(`status ${status}`),
    get openSessions() {
      return [...sessions.values()];
    },
    outbox: [],
    state: 'online',
  };
  const lines: string[] = [];
  const screen = {
    print: (line: string) => void lines.push(line),
    isTyping: false,
    prompt: '> ',
    setPrompt: (prompt: string) => void (screen.prompt = prompt),
  };
  const chat = new Chat(client as unknown as Client, { id, role, session_id }, screen);
  const tell = <Name extends keyof ClientEvents>(name: Name, payload: ClientEvents[Name]) =>
    listeners.get(name)?.(payload as never);
  return {
    chat,
    lines,
    screen,
    said,
    called,
    answers,
    tell,
    session: (session: Session) => {
      sessions.set(session.session_id, session);
      tell('session', session);
    },
    message: (message: Message) => {
      (logs[message.session_id] ??= []).push(message);
      tell('messages', { session_id: message.session_id, messages: [message] });
    },
    type: (line: string) => chat.do(commandOf(line, role)),
    /** The lines so far, when one of them is this; they are taken away. */
    shown: async (line: string) => {
      await expect.poll(() => lines, { timeout: 5_000 }).toContain(line);
      return lines.splice(0);
    },
  };
}

test('a visitor sees the place in the queue when it changes, and who goes on', async () => {
  const { session, tell, message, shown, lines, said, type, answers } = chatOf('vis_7g2k', 'visitor', 'ses_1');
  session(sessionOf('ses_1', 'waiting', { position: 3, eta_seconds: 40 }));
  tell('queue', { session_id: 'ses_1', position: 3, eta_seconds: 38 });
  tell('queue', { session_id: 'ses_1', position: 1, eta_seconds: null });
  expect(await shown('· position 1')).toEqual(['· position 3, about 40 s', '· position 1']);
  session(sessionOf('ses_1', 'serving', { agent: anna }));
  message(messageOf('ses_1', 1, 'Anna has joined the conversation.', { type: 'system' }));
  message(messageOf('ses_1', 2, 'Hello', { sender: 'agt_anna', sender_role: 'agent' }));
  expect(await shown('   2 Anna: Hello')).toEqual(['   1 — Anna has joined the conversation.', '   2 Anna: Hello']);
  session(sessionOf('ses_1', 'serving', { agent: bo }));
  message(messageOf('ses_1', 3, { from: 'agt_anna', to: 'agt_bo' }, { type: 'transfer' }));
  await shown('   3 — Bo goes on with you');
  session(sessionOf('ses_1', 'closed', { agent: bo }));
  expect(await shown('· closed: your next word opens a new session; /rate says how this one was')).toHaveLength(1);
  type('/rate 5 thanks');
  answers['rate'] = sessionOf('ses_1', 'closed');
  await shown('· thank you: rated 5');
  type('and one more thing');
  await expect.poll(() => said).toEqual(['ses_1 and one more thing']);
  tell('follow_up', { previous_session_id: 'ses_1', session_id: 'ses_2' });
  type('here');
  await expect.poll(() => said.at(-1)).toBe('ses_2 here');
  expect(lines).toEqual(['· a new session goes on from here']);
});

test('a name that comes after the words is waited for, and asked for once', async () => {
  const { session, message, shown, called, answers, lines } = chatOf('vis_7g2k', 'visitor', 'ses_1');
  let follow = (): void => {};
  answers['follow'] = new Promise<void>((resolve) => (follow = resolve));
  message(messageOf('ses_1', 1, { from: 'agt_anna', to: 'agt_bo' }, { type: 'transfer' }));
  message(messageOf('ses_1', 2, 'Hello', { sender: 'agt_bo', sender_role: 'agent' }));
  await expect.poll(() => called).toEqual(['follow ses_1']);
  expect(lines).toEqual([]);
  session(sessionOf('ses_1', 'serving', { agent: bo }));
  follow();
  expect(await shown('   2 Bo: Hello')).toEqual(['   1 — Bo goes on with you', '   2 Bo: Hello']);
  message(messageOf('ses_1', 3, 'Hello', { sender: 'agt_who', sender_role: 'agent' }));
  message(messageOf('ses_1', 4, 'Hello', { sender: 'agt_who', sender_role: 'agent' }));
  await shown('   4 agent: Hello');
  expect(called).toHaveLength(2);
});

test('an agent is offered a session, takes it, and reads it from its beginning', async () => {
  const { session, tell, message, shown, type, called, answers, screen, said } = chatOf('agt_bo', 'agent');
  const transfer = { from: 'agt_anna', to_agent: 'agt_bo', reason: 'too hard', expires_at };
  const offered = sessionOf('ses_1', 'transferring', { agent: anna, transfer });
  session(offered);
  tell('offer', { session: offered, from: 'agt_anna', expires_at });
  message(messageOf('ses_1', 1, 'Hello'));
  const [line, ...more] = await shown(
    `· Anna offers you the session #1 (visitor 7g2k) until ${clock()}: too hard. /take or /decline`,
  );
  expect([line, more]).toEqual([expect.stringContaining('Anna offers you'), []]);
  const taken = sessionOf('ses_1', 'serving', { agent: bo });
  answers['acceptTransfer'] = () => {
    session(taken);
    return taken;
  };
  type('/take');
  expect(await shown('   1 visitor 7g2k: Hello')).toEqual([
    '· #1 (visitor 7g2k) is yours now: you write there',
    '   1 visitor 7g2k: Hello',
  ]);
  expect(called).toContain('acceptTransfer ses_1');
  expect(screen.prompt).toBe('#1> ');
  type('Good day');
  await expect.poll(() => said).toEqual(['ses_1 Good day']);
  type('/take');
  await shown('! nobody offers you a session now');
});

test('an offer that was declined or has run out says so', async () => {
  const { session, tell, shown, type, called, answers } = chatOf('agt_bo', 'agent');
  const offered = sessionOf('ses_1', 'transferring', {
    agent: anna,
    transfer: { from: 'agt_anna', to_agent: 'agt_bo', expires_at },
  });
  session(offered);
  tell('offer', { session: offered, from: 'agt_anna', expires_at });
  answers['rejectTransfer'] = sessionOf('ses_1', 'serving', { agent: anna });
  type('/decline');
  await expect.poll(() => called).toContain('rejectTransfer ses_1');
  tell('removed', { session_id: 'ses_1', reason: 'transfer_failed' });
  await shown('· the offer of #1 (visitor 7g2k) is over');
});

test('an agent hands a session over: by name, with a reason; then it goes, and no word goes elsewhere', async () => {
  const { session, tell, shown, type, called, answers, screen, said } = chatOf('agt_anna', 'agent');
  session(sessionOf('ses_1', 'serving', { agent: anna }));
  await shown('· #1 (visitor 7g2k) is yours now: you write there');
  const offered = sessionOf('ses_1', 'transferring', {
    agent: anna,
    transfer: { from: 'agt_anna', to_agent: 'agt_bo', expires_at },
  });
  answers['transfer'] = offered;
  type('/transfer bo too hard');
  await expect.poll(() => called).toContain('transfer ses_1 {"to_agent":"agt_bo","reason":"too hard"}');
  session(offered);
  await shown(`· #1 (visitor 7g2k) is on offer to Bo until ${clock()}: /cancel takes it back`);
  screen.isTyping = true;
  tell('removed', { session_id: 'ses_1', reason: 'transferred' });
  session(sessionOf('ses_2', 'serving', { agent: anna }));
  expect(await shown('· #2 (visitor 7g2k) is yours now: /switch 2 to write there')).toEqual([
    '· #1 (visitor 7g2k) has gone from you: handed over',
    '· #2 (visitor 7g2k) is yours now: /switch 2 to write there',
  ]);
  expect(screen.prompt).toBe('> ');
  type('bye');
  await shown('! you are in no session: /accept takes one that waits, /switch N goes to one of yours');
  expect(said).toEqual([]);
  type('/switch 2');
  await shown('· you write in #2 (visitor 7g2k)');
});

test('a session that was given back is gone before the answer comes: nothing to complain about', async () => {
  const { session, tell, shown, type, answers, lines, called } = chatOf('agt_anna', 'agent');
  session(sessionOf('ses_1', 'serving', { agent: anna }));
  await shown('· #1 (visitor 7g2k) is yours now: you write there');
  answers['returnToQueue'] = () => {
    tell('removed', { session_id: 'ses_1', reason: 'returned' });
    return sessionOf('ses_1', 'waiting');
  };
  type('/return');
  type('/online');
  expect(await shown('· you are online')).toEqual([
    '· #1 (visitor 7g2k) has gone from you: back in the queue',
    '· you are online',
  ]);
  expect([called, lines]).toEqual([['returnToQueue ses_1', 'status online'], []]);
});

test('words of another session carry its number, words of the queue are not shown', async () => {
  const { session, message, shown, lines } = chatOf('agt_anna', 'agent');
  session(sessionOf('ses_1', 'serving', { agent: anna }));
  session(sessionOf('ses_2', 'serving', { agent: anna }));
  session(sessionOf('ses_3', 'waiting'));
  message(messageOf('ses_3', 1, 'anybody?'));
  message(messageOf('ses_2', 1, 'two'));
  message(messageOf('ses_1', 1, 'one'));
  await shown('   1 visitor 7g2k: one');
  message(messageOf('ses_2', 2, 'again'));
  expect(await shown('#2    2 visitor 7g2k: again')).toHaveLength(1);
  session(sessionOf('ses_3', 'serving', { agent: anna }));
  await shown('#3    1 visitor 7g2k: anybody?');
  expect(lines).toEqual([]);
});

test('what is typed is done in turn, and a refusal is a line', async () => {
  const { type, shown, called, answers, said, session } = chatOf('agt_anna', 'agent');
  answers['queue'] = [];
  type('/accept');
  await shown('! nobody waits');
  answers['queue'] = [
    { session_id: 'ses_9', position: 2 },
    { session_id: 'ses_8', position: 1 },
  ];
  answers['accept'] = sessionOf('ses_8', 'serving', { agent: anna });
  type('/accept');
  type('Good day');
  await expect.poll(() => said).toEqual(['ses_8 Good day']);
  session(sessionOf('ses_8', 'serving', { agent: anna }));
  answers['close'] = new Error('no way');
  type('/close done');
  await shown('! no way');
  answers['close'] = sessionOf('ses_8', 'closed', { agent: anna });
  type('/close done');
  type('more');
  await shown('! you are in no session: /accept takes one that waits, /switch N goes to one of yours');
  expect(called.filter((call) => call.startsWith('close'))).toEqual(Array(2).fill('close ses_8 {"reason":"done"}'));
  type('/switch 7');
  await shown('! there is no session 7: /sessions and /queue show them');
  type('/online');
  expect(await shown('· you are online')).toHaveLength(1);
});

function clock(): string {
  const date = new Date(expires_at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}
