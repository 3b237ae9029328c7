import type { Signal } from '#libs/contracts';

/** Resolves when Kafka has acked; rejects when it has not. */
export type ProduceSignal = (key: string, signal: Signal) => Promise<void>;

/** So many may be under way; more are dropped, as they must never hold up a message. */
const MOST_UNDER_WAY = 500;

/** Sends what may be lost: typing and presence. Nobody waits for it. */
export class Signals {
  readonly #produce: ProduceSignal;
  readonly #onLost: (signal: Signal) => void;
  #underWay = 0;

  constructor(produce: ProduceSignal, onLost: (signal: Signal) => void) {
    this.#produce = produce;
    this.#onLost = onLost;
  }

  send(signal: Signal): void {
    if (this.#underWay >= MOST_UNDER_WAY) return this.#onLost(signal);
    this.#underWay += 1;
    void this.#produceOne(signal);
  }

  async #produceOne(signal: Signal): Promise<void> {
    try {
      await this.#produce(signal.type === 'presence' ? signal.agent_id : signal.session_id, signal);
    } catch {
      this.#onLost(signal); // the producer has logged why
    } finally {
      this.#underWay -= 1;
    }
  }
}
