/**
 * Many single questions as few large ones: whoever asks within a few milliseconds shares a question.
 *
 * Guarantees: an answer is never older than its question, as who joins a question joins it before it is sent. At most
 * `at_once` questions are under way. When one fails, all who wait behind it fail too: nobody queues up before a closed door.
 */
export interface BatchedQuestionsOptions<Answer> {
  /** Keys that it knows nothing of are missing from its answer. It keeps a deadline of its own. */
  readonly ask: (keys: readonly string[]) => Promise<ReadonlyMap<string, Answer>>;
  readonly linger_ms: number;
  readonly keys_a_question: number;
  readonly at_once: number;
}

interface Waiter<Answer> {
  resolve(answer: Answer | undefined): void;
  reject(error: unknown): void;
}

export class BatchedQuestions<Answer> {
  readonly #options: BatchedQuestionsOptions<Answer>;
  #queue = new Map<string, Waiter<Answer>[]>();
  #underWay = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BatchedQuestionsOptions<Answer>) {
    this.#options = options;
  }

  /** The key's answer; undefined when it is unknown. @throws what `ask` throws */
  get(key: string): Promise<Answer | undefined> {
    return new Promise((resolve, reject) => {
      const waiters = this.#queue.get(key);
      if (waiters) waiters.push({ resolve, reject });
      else this.#queue.set(key, [{ resolve, reject }]);
      if (this.#queue.size >= this.#options.keys_a_question) this.#send();
      else this.#timer ??= setTimeout(() => this.#send(), this.#options.linger_ms);
    });
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#queue.size > 0 && this.#underWay < this.#options.at_once) void this.#askOnce(this.#take());
  }

  #take(): Map<string, Waiter<Answer>[]> {
    const taken = this.#queue;
    this.#queue = new Map();
    let count = 0;
    for (const [key, waiters] of taken) {
      count += 1;
      if (count <= this.#options.keys_a_question) continue;
      taken.delete(key);
      this.#queue.set(key, waiters);
    }
    return taken;
  }

  async #askOnce(asked: Map<string, Waiter<Answer>[]>): Promise<void> {
    this.#underWay += 1;
    try {
      const answers = await this.#options.ask([...asked.keys()]);
      for (const [key, waiters] of asked) for (const { resolve } of waiters) resolve(answers.get(key));
    } catch (error) {
      const behind = this.#queue;
      this.#queue = new Map();
      for (const waiters of [...asked.values(), ...behind.values()]) for (const { reject } of waiters) reject(error);
    } finally {
      this.#underWay -= 1;
      if (this.#queue.size > 0) this.#send();
    }
  }
}
