import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline';

export interface TerminalOptions {
  input: NodeJS.ReadableStream;
  output: NodeJS.WritableStream;
  /** False where nobody looks, such as in a pipe: then there is no prompt and nothing is drawn. */
  isTerminal: boolean;
  complete: (line: string) => [string[], string];
  said: (line: string) => void;
  ended: () => void;
}

/** Lines in and out: what comes is printed above what is being typed, and neither is lost. */
export class Terminal {
  readonly #options: TerminalOptions;
  readonly #readline: Interface;
  #isOpen = true;

  constructor(options: TerminalOptions) {
    const { input, output, isTerminal: terminal, complete, said, ended } = options;
    this.#options = options;
    this.#readline = createInterface({ input, output, terminal, completer: complete, prompt: '> ' });
    this.#readline.on('line', (line) => {
      said(line);
      this.#draw();
    });
    this.#readline.on('close', () => {
      this.#isOpen = false;
      // What was typed and not sent off stays to be read.
      if (terminal) output.write('\n');
      ended();
    });
    this.#draw();
  }

  /** Something is typed that was not sent off yet. */
  get isTyping(): boolean {
    return this.#readline.line.length > 0;
  }

  print(line: string): void {
    const { output, isTerminal } = this.#options;
    if (!isTerminal || !this.#isOpen) return void output.write(`${line}\n`);
    // What is typed may fill several rows: from its first one on all is drawn again, below the line.
    const { rows } = this.#readline.getCursorPos();
    moveCursor(output, 0, -rows);
    cursorTo(output, 0);
    clearScreenDown(output);
    // readline goes up again by as many rows as it knows the cursor to be below the first.
    output.write(`${line}\n${'\n'.repeat(rows)}`);
    this.#draw();
  }

  setPrompt(prompt: string): void {
    if (this.#readline.getPrompt() === prompt) return;
    // The old one is taken away by its own length.
    if (this.#options.isTerminal && this.#isOpen) {
      const { rows } = this.#readline.getCursorPos();
      moveCursor(this.#options.output, 0, -rows);
      cursorTo(this.#options.output, 0);
      clearScreenDown(this.#options.output);
      this.#options.output.write('\n'.repeat(rows));
    }
    this.#readline.setPrompt(prompt);
    this.#draw();
  }

  close(): void {
    this.#readline.close();
  }

  #draw(): void {
    if (this.#isOpen && this.#options.isTerminal) this.#readline.prompt(true);
  }
}
