/**
 * A terminal client: a person talks through the cluster and sees the outbox at work.
 *
 *   npm run chat -- --as visitor
 *   npm run chat -- --as agent --codec binary
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { Chat } from './chat.ts';
import { commandOf, HELP } from './commands.ts';
import { signInAgent, signInVisitor } from './sign-in.ts';

const USAGE = `npm run chat -- --as visitor|agent [options]
  --instance FILE    the running instance (default .data/instance.json)
  --agent N          which demo agent, 1 or 2 (default 1)
  --url URL          another gateway than the first
  --codec json|binary`;

const { values } = parseArgs({
  options: {
    as: { type: 'string' },
    instance: { type: 'string', default: '.data/instance.json' },
    agent: { type: 'string', default: '1' },
    url: { type: 'string' },
    codec: { type: 'string', default: 'json' },
  },
});

if ((values.as !== 'visitor' && values.as !== 'agent') || (values.codec !== 'json' && values.codec !== 'binary')) {
  console.error(USAGE);
  process.exitCode = 2;
} else await talk(values.as, values.codec);

async function talk(as: 'visitor' | 'agent', codec: 'json' | 'binary'): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout, prompt: '> ' });
  let isOpen = true;
  const prompt = () => void (isOpen && terminal.prompt(true));
  const print = (line: string) => {
    process.stdout.write(`\r\u001b[K${line}\n`);
    prompt();
  };
  const person =
    as === 'visitor'
      ? await signInVisitor(values.instance, values.url)
      : await signInAgent(values.instance, Number(values.agent) - 1, values.url);
  const chat = new Chat({ ...person, codec, print });
  print(HELP);
  void chat.run();
  terminal.on('line', (line) => {
    void chat.do(commandOf(line)).finally(prompt);
  });
  terminal.on('close', () => {
    isOpen = false;
    chat.close();
  });
}
