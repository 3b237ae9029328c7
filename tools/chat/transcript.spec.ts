import { expect, test } from 'vitest';
import type { Message } from '#libs/contracts';
import { Transcript } from './transcript.ts';

const say = (...words: string[]) => words.map((content) => ({ content }) as Message);

function transcriptOf(logs: Record<string, Message[]>, prepare: (message: Message) => Promise<void> | undefined) {
  const printed: string[] = [];
  const transcript = new Transcript({
    messages: (session_id) => logs[session_id] ?? [],
    print: (session_id, { content }) => printed.push(`${session_id} ${content as string}`),
    prepare,
  });
  return { transcript, printed };
}

test('each message once and in order, also those that come while a name is looked up', async () => {
  const logs = { a: say('1', '2'), b: say('3') };
  let learn = (): void => {};
  const { transcript, printed } = transcriptOf(logs, ({ content }) =>
    content === '2' ? new Promise<void>((resolve) => (learn = resolve)) : undefined,
  );
  void transcript.show('a');
  const done = transcript.show('b');
  await Promise.resolve();
  await expect.poll(() => printed).toEqual(['a 1']);
  logs.a.push(...say('4'));
  void transcript.show('a');
  learn();
  await done;
  expect(printed).toEqual(['a 1', 'a 2', 'a 4', 'b 3']);
  await transcript.show('a');
  expect(printed).toHaveLength(4);
});

test('after a reset all is printed anew, and nothing of before', async () => {
  const logs = { a: say('old 1', 'old 2') };
  let learn = (): void => {};
  const { transcript, printed } = transcriptOf(logs, ({ content }) =>
    content === 'old 2' ? new Promise<void>((resolve) => (learn = resolve)) : undefined,
  );
  const done = transcript.show('a');
  await expect.poll(() => printed).toEqual(['a old 1']);
  logs.a = say('new 1', 'new 2');
  transcript.reset();
  learn();
  await done;
  expect(printed).toEqual(['a old 1', 'a new 1', 'a new 2']);
});
