import { PassThrough, Writable } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { Terminal } from './terminal.ts';

const COLUMNS = 20;

/** As much of a terminal as readline uses: a screen that grows downwards and is never scrolled. */
class Glass extends Writable {
  readonly columns = COLUMNS;
  readonly rows = 50;
  readonly isTTY = true;
  #rows: string[][] = [[]];
  #row = 0;
  #column = 0;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const [text = '', ...controls] = chunk.toString().split('\u001B[');
    for (const sign of text) this.#take(sign);
    for (const control of controls) {
      const [whole = '', count = '', action = ''] = /^(\d*)(?:;\d*)?([A-Za-z])/.exec(control) ?? [];
      this.#control(action, count === '' ? undefined : Number(count));
      for (const sign of control.slice(whole.length)) this.#take(sign);
    }
    done();
  }

  get shown(): string[] {
    return this.#rows
      .map((row) =>
        Array.from(row, (sign) => sign ?? ' ')
          .join('')
          .trimEnd(),
      )
      .filter((row) => row !== '');
  }

  #take(sign: string): void {
    if (sign === '\r') this.#column = 0;
    else if (sign === '\n') this.#goDown();
    else this.#put(sign);
  }

  #control(action: string, count: number | undefined): void {
    if (action === 'A') this.#row = Math.max(0, this.#row - (count ?? 1));
    else if (action === 'B') this.#row += count ?? 1;
    else if (action === 'C') this.#column += count ?? 1;
    else if (action === 'D') this.#column = Math.max(0, this.#column - (count ?? 1));
    else if (action === 'G') this.#column = (count ?? 1) - 1;
    else if (action === 'K') this.#rows[this.#row]?.splice(this.#column);
    else if (action === 'J') {
      this.#rows[this.#row]?.splice(this.#column);
      this.#rows.splice(this.#row + 1);
    } else throw new Error(`what is ${action}?`);
    this.#grow();
  }

  #put(sign: string): void {
    if (this.#column === COLUMNS) this.#goDown(0);
    const row = this.#rows[this.#row] ?? [];
    row[this.#column] = sign;
    this.#column += 1;
  }

  /** A terminal in raw mode goes straight down; its driver adds the way back. */
  #goDown(column = 0): void {
    this.#row += 1;
    this.#column = column;
    this.#grow();
  }

  #grow(): void {
    while (this.#rows.length <= this.#row) this.#rows.push([]);
  }
}

function terminalOn(glass: Writable, isTerminal: boolean) {
  const input = Object.assign(new PassThrough(), { isTTY: isTerminal, setRawMode: () => {} });
  const said: string[] = [];
  const ended = vi.fn<() => void>();
  const terminal = new Terminal({
    input,
    output: glass,
    isTerminal,
    complete: (line) => [[], line],
    said: (line) => said.push(line),
    ended,
  });
  const type = async (text: string) => {
    input.write(text);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { terminal, type, said, ended, input };
}

test('what comes while something is typed stands above it, and both are whole', async () => {
  const glass = new Glass();
  const { terminal, type, said } = terminalOn(glass, true);
  await type('hel');
  terminal.print('one');
  await type('lo');
  terminal.print('two');
  expect(glass.shown).toEqual(['one', 'two', '> hello']);
  expect(terminal.isTyping).toBe(true);
  await type('\r');
  terminal.print('three');
  expect(said).toEqual(['hello']);
  expect(glass.shown).toEqual(['one', 'two', '> hello', 'three', '>']);
});

test('also when what is typed fills more than a row, and what comes does too', async () => {
  const glass = new Glass();
  const { terminal, type, said } = terminalOn(glass, true);
  const words = 'these are more words than a row can hold';
  await type(words);
  for (const line of ['one', 'two is so long that it takes two rows', 'three']) terminal.print(line);
  await type(' at once');
  terminal.print('four');
  expect(glass.shown).toEqual([
    'one',
    'two is so long that',
    'it takes two rows',
    'three',
    'four',
    '> these are more wor',
    'ds than a row can ho',
    'ld at once',
  ]);
  await type('\r');
  expect(said).toEqual([`${words} at once`]);
});

test('the prompt changes under the hands of who types', async () => {
  const glass = new Glass();
  const { terminal, type } = terminalOn(glass, true);
  await type('hello to who is there now');
  terminal.setPrompt('#2> ');
  terminal.print('one');
  expect(glass.shown).toEqual(['one', '#2> hello to who is', 'there now']);
});

test('at the end what was not sent off can still be read', async () => {
  const glass = new Glass();
  const { terminal, type, ended } = terminalOn(glass, true);
  await type('hel\u0003');
  expect(ended).toHaveBeenCalledOnce();
  terminal.print('· stopped');
  expect(glass.shown).toEqual(['> hel', '· stopped']);
});

test('in a pipe there are lines and nothing else', async () => {
  const output = new PassThrough();
  const { terminal, said, ended, input } = terminalOn(output, false);
  terminal.print('one');
  terminal.setPrompt('#2> ');
  input.end('first\nsecond');
  await vi.waitUntil(() => ended.mock.calls.length > 0);
  terminal.print('two');
  expect(said).toEqual(['first', 'second']);
  expect(String(output.read())).toBe('one\ntwo\n');
});
