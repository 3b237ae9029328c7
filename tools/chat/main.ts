/**
 * A terminal client: a person talks through the cluster and sees the outbox at work.
 *
 *   npm run chat -- --as visitor
 *   npm run chat -- --as agent --codec binary
 */
import { parseArgs } from 'node:util';
import { createClient } from '#libs/client';
import { Chat } from './chat.ts';
import { commandOf } from './commands.ts';
import { languageOf } from './language.ts';
import { type Person, signInAgent, signInVisitor } from './sign-in.ts';
import { Terminal } from './terminal.ts';

const USAGE = `npm run chat -- --as visitor|agent|admin [options]
  --instance FILE    the running instance (default .data/instance.json)
  --agent N          which demo agent, 1 or 2 (default 1)
  --url URL          another gateway than the first
  --codec json|binary
  --help             these lines`;

const values = readOptions();
const locale = languageOf(process.env);

const person = await signIn(values.as);
if (values.help) console.log(USAGE);
else if (person && (values.codec === 'json' || values.codec === 'binary')) await talk(person, values.codec);
else refuse();

/** Exits when an option is not known. */
function readOptions() {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      options: {
        as: text,
        instance: { ...text, default: '.data/instance.json' },
        agent: { ...text, default: '1' },
        url: text,
        codec: { ...text, default: 'json' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : undefined);
  }
}

function refuse(why?: string): never {
  console.error(why === undefined ? USAGE : `${why}\n${USAGE}`);
  process.exit(2);
}

function signIn(as: string | undefined): Promise<Person> | undefined {
  const { instance, url, agent } = values;
  if (as === 'visitor') return signInVisitor(instance, { url, locale });
  if (as === 'agent') return signInAgent(instance, Number(agent) - 1, url);
  return as === 'admin' ? signInAgent(instance, 'admin', url) : undefined;
}

async function talk(who: Person, codec: 'json' | 'binary'): Promise<void> {
  const screen: Terminal = new Terminal({
    input: process.stdin,
    output: process.stdout,
    isTerminal: Boolean(process.stdin.isTTY && process.stdout.isTTY),
    complete: (line) => chat.complete(line),
    said: (line) => chat.do(commandOf(line, who.role)),
    ended: () => void chat.close(),
  });
  const { url, token } = who;
  const chat = new Chat(createClient({ url, token, codec, locale }), who, screen);
  screen.print(who.greeting);
  await chat.run();
  screen.close();
}
