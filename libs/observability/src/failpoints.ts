/**
 * Failpoints: named places at which a process ends, freezes or fails, armed by configuration for fault tests only.
 * `name:kill:20` kills the process with SIGKILL at the 20th passing; `freeze` stops it with SIGSTOP, `error` throws once.
 */
import type { FailpointName } from '#libs/config';

export type FailpointAction = 'kill' | 'freeze' | 'error';

interface Armed {
  action: FailpointAction;
  remaining: number;
}

const PATTERN = /^(?<name>[a-z_.]+):(?<action>kill|freeze|error)(?::(?<count>\d+))?$/;

export class Failpoints {
  readonly #armed = new Map<string, Armed>();

  /** @throws when an entry is not understood: a fault test that arms nothing would prove nothing. */
  constructor(entries: readonly string[], known: readonly FailpointName[]) {
    for (const entry of entries) {
      const { name = '', action, count = '1' } = PATTERN.exec(entry)?.groups ?? {};
      if (!(known as readonly string[]).includes(name))
        throw new Error(`failpoints: ${entry} names none of ${known.join(', ')}`);
      this.#armed.set(name, { action: action as FailpointAction, remaining: Number(count) });
    }
  }

  /** Does what is armed here, at the counted passing and only then. */
  hit(name: FailpointName): void {
    const armed = this.#armed.get(name);
    if (!armed) return;
    armed.remaining -= 1;
    if (armed.remaining > 0) return;
    this.#armed.delete(name);
    if (armed.action === 'error') throw new Error(`failpoint ${name}`);
    process.kill(process.pid, armed.action === 'kill' ? 'SIGKILL' : 'SIGSTOP');
  }
}
