import type { AgentStatus } from '#libs/contracts';

export type Role = 'visitor' | 'agent';

/** What is done to sessions. `which` is one as it was shown: `3`, `#3`, or its id. */
export type SessionCommand =
  | { type: 'rate'; score: number; comment: string | undefined }
  | { type: 'close'; reason: string | undefined }
  | { type: 'accept' | 'take' | 'decline'; which: string | undefined }
  | { type: 'switch' | 'takeover'; which: string }
  | { type: 'transfer'; text: string }
  | { type: 'human' | 'queue' | 'agents' | 'sessions' | 'cancel' | 'return' };

/** What a typed line means. */
export type ChatCommand =
  | SessionCommand
  | { type: 'say'; text: string }
  | { type: 'status'; status: AgentStatus; reason: string | undefined }
  | { type: 'outbox' | 'help' | 'nothing' }
  | { type: 'misused'; usage: string }
  | { type: 'unknown'; name: string };

interface Command {
  readonly name: string;
  /** What follows the name; in brackets what may be left out. */
  readonly arguments?: string;
  readonly help: string;
  /** Only one of the two has it. */
  readonly only?: Role;
  /** Undefined when the rest of the line does not do. */
  readonly parse: (rest: string) => ChatCommand | undefined;
}

const plain = (type: 'human' | 'queue' | 'agents' | 'sessions' | 'cancel' | 'return' | 'outbox' | 'help') => ({
  name: type,
  parse: (): ChatCommand => ({ type }),
});
const choosing = (type: 'accept' | 'take' | 'decline') => ({
  name: type,
  arguments: '[N]',
  parse: (rest: string): ChatCommand | undefined =>
    /\s/.test(rest) ? undefined : { type, which: rest === '' ? undefined : rest },
});
const naming = (type: 'switch' | 'takeover') => ({
  name: type,
  arguments: 'N',
  parse: (which: string): ChatCommand | undefined => (/^\S+$/.test(which) ? { type, which } : undefined),
});
const choosingStatus = (status: AgentStatus) => ({
  name: status,
  arguments: '[REASON]',
  parse: (reason: string): ChatCommand => ({ type: 'status', status, reason: reason || undefined }),
});

const commands: readonly Command[] = [
  { ...plain('human'), help: 'ask for a person', only: 'visitor' },
  { name: 'rate', arguments: '1-5 [COMMENT]', help: 'say how it was, once', only: 'visitor', parse: parseRating },
  { ...choosingStatus('online'), help: 'get sessions assigned', only: 'agent' },
  { ...choosingStatus('busy'), help: 'get nothing assigned; you may still accept', only: 'agent' },
  { ...choosingStatus('away'), help: 'the same, and say that you are not there', only: 'agent' },
  { ...plain('queue'), help: 'who waits', only: 'agent' },
  { ...plain('agents'), help: 'your colleagues and the teams', only: 'agent' },
  { ...plain('sessions'), help: 'sessions that you may see, the newest first', only: 'agent' },
  { ...choosing('accept'), help: 'serve one that waits; the first unless said', only: 'agent' },
  { ...naming('switch'), help: 'write in another session', only: 'agent' },
  {
    name: 'transfer',
    arguments: 'NAME [REASON]',
    help: 'offer the session to a colleague, or send it to a team',
    only: 'agent',
    parse: (text) => (text === '' ? undefined : { type: 'transfer', text }),
  },
  { ...choosing('take'), help: 'take what you are offered', only: 'agent' },
  { ...choosing('decline'), help: 'leave it to who offers it', only: 'agent' },
  { ...plain('cancel'), help: 'take your offer back', only: 'agent' },
  { ...plain('return'), help: 'put the session back into the queue', only: 'agent' },
  { ...naming('takeover'), help: 'serve it yourself (supervisors)', only: 'agent' },
  {
    name: 'close',
    arguments: '[REASON]',
    help: 'end the session',
    parse: (reason) => ({ type: 'close', reason: reason || undefined }),
  },
  { ...plain('outbox'), help: 'your words that are not in the log yet' },
  { ...plain('help'), help: 'this' },
];

function parseRating(rest: string): ChatCommand | undefined {
  const [, score, comment] = /^([1-5])(?:\s+(.+))?$/.exec(rest) ?? [];
  return score === undefined ? undefined : { type: 'rate', score: Number(score), comment };
}

const commandsOf = (role: Role) => commands.filter(({ only }) => only === undefined || only === role);
const usageOf = (command: Command) => `/${command.name}${command.arguments ? ` ${command.arguments}` : ''}`;

/** Two slashes begin a text with one. */
export function commandOf(line: string, role: Role): ChatCommand {
  const text = line.trim();
  if (text === '') return { type: 'nothing' };
  if (!text.startsWith('/')) return { type: 'say', text };
  if (text.startsWith('//')) return { type: 'say', text: text.slice(1) };
  const [, name = '', rest = ''] = /^\/(\S*)\s*(.*)$/.exec(text) ?? [];
  const command = commandsOf(role).find((known) => known.name === name);
  if (!command) return { type: 'unknown', name: `/${name}` };
  return command.parse(rest) ?? { type: 'misused', usage: usageOf(command) };
}

export function helpFor(role: Role): string[] {
  const own = commandsOf(role);
  const width = Math.max(...own.map((command) => usageOf(command).length));
  return [
    'A line is said as it is; Tab completes; Ctrl-C ends.',
    ...own.map((command) => `  ${usageOf(command).padEnd(width)}  ${command.help}`),
  ];
}

/**
 * What the line could become, and what of it that replaces: as readline wants it.
 * @param names of colleagues and teams
 */
export function complete(line: string, role: Role, names: readonly string[]): [string[], string] {
  const begun = line.toLowerCase();
  const wholes = commandsOf(role).map((command) => `/${command.name}${command.arguments ? ' ' : ''}`);
  if (role === 'agent') wholes.push(...names.map((name) => `/transfer ${name} `));
  const fits = wholes.filter((whole) => line.startsWith('/') && whole.toLowerCase().startsWith(begun));
  // Names only once the command stands: `/t` is no question for people.
  return [line.includes(' ') ? fits : fits.filter((whole) => !whole.trim().includes(' ')), line];
}
