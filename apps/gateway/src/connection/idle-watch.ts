/**
 * Business idle times, on one timing wheel: a visitor who is silent for too long is closed and comes back on use; an agent
 * is shown as idle to the colleagues; a connection whose token has expired has to come back with a new one.
 * Heartbeats are not a sign of a person and don't count.
 */
import type { Connection } from './connection.ts';
import { now } from './clock.ts';
import { TimingWheel } from './timing-wheel.ts';

export interface IdleWatchOptions {
  readonly idle_ms: number;
  /** An agent has been silent for the time, or has come back from it. */
  readonly onAgent: (connection: Connection, state: 'idle' | 'active') => void;
}

const TICK_MS = 1_000;
const SLOTS = 512;

export class IdleWatch {
  readonly #options: IdleWatchOptions;
  readonly #wheel: TimingWheel<Connection>;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: IdleWatchOptions) {
    this.#options = options;
    this.#wheel = new TimingWheel<Connection>({
      tick_ms: TICK_MS,
      slots: SLOTS,
      now: now(),
      dueOf: (connection) => dueOf(connection, options.idle_ms),
      expire: (connection) => this.#expire(connection),
    });
  }

  start(): void {
    this.#timer = setInterval(() => this.#wheel.advance(now()), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  add(connection: Connection): void {
    this.#wheel.add(connection);
  }

  remove(connection: Connection): void {
    this.#wheel.remove(connection);
  }

  /** Its person has done something. Costs nothing but for who had been idle: the wheel finds the later time by itself. */
  noteSign(connection: Connection, time: number): void {
    connection.activeAt = time;
    if (!connection.isIdle) return;
    connection.isIdle = false;
    this.#wheel.add(connection);
    this.#options.onAgent(connection, 'active');
  }

  #expire(connection: Connection): void {
    // A code to retry: the client fetches a fresh token and comes back; were it 2xxx, it would sign its person out.
    if (connection.expiresAt <= now()) return connection.end('UNAVAILABLE');
    if (connection.person.kind === 'visitor') return connection.end('IDLE');
    connection.isIdle = true;
    this.#wheel.add(connection);
    this.#options.onAgent(connection, 'idle');
  }
}

/** When something has to happen to the connection, in milliseconds since 1970. */
export function dueOf({ expiresAt, activeAt, isIdle }: Connection, idle_ms: number): number {
  return isIdle ? expiresAt : Math.min(expiresAt, activeAt + idle_ms);
}
