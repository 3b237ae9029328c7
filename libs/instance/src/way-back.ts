/** What was brought up, so that it can be taken down in the opposite order; each step once, however often it is asked. */
export class WayBack {
  readonly #steps: (() => void | Promise<void>)[];
  #gone: Promise<void> | undefined;

  constructor(last: () => void | Promise<void>) {
    this.#steps = [last];
  }

  /** The step that undoes what has just been done. */
  add(step: () => void | Promise<void>): void {
    this.#steps.push(step);
  }

  /** Takes all down. A step that fails does not keep the others from their turn; its error is thrown at the end. */
  async go(): Promise<void> {
    this.#gone ??= this.#undo();
    await this.#gone;
  }

  async #undo(): Promise<void> {
    const errors: unknown[] = [];
    for (const step of this.#steps.toReversed()) {
      try {
        await step();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'not all could be stopped');
  }
}
