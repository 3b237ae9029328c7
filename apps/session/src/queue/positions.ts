/**
 * Tells visitors where they stand in a queue. A signal: it may be lost, and the next one tells it again.
 *
 * When a queue has moved, those in front are told within a second; everybody behind them, for whom one place is little,
 * each ten seconds. So a queue of a thousand does not send a thousand signals for each session that is assigned.
 *
 * Lifecycle: `noteMoved` after each drain; `start` also tells everybody from time to time, whatever was lost.
 */
import type { DataSource } from 'typeorm';
import { type Signal, topics } from '#libs/contracts';
import type { Logger } from '#libs/observability';
import type { TeamId } from '#libs/protocol';
import type { Signalling } from '../log/read-marks.ts';
import { etaSeconds, type QueueStore } from './queue.store.ts';

const SOON_MS = 1_000;
const ALL_MS = 10_000;
const IN_FRONT = 50;

type PlaceSignal = Extract<Signal, { type: 'queue' }>;

export class Positions {
  readonly #dataSource: DataSource;
  readonly #store: QueueStore;
  readonly #signal: Signalling;
  readonly #log: Logger;
  readonly #moved = new Map<TeamId, NodeJS.Timeout>();
  #timer: NodeJS.Timeout | undefined;
  #telling: Promise<void> = Promise.resolve();

  constructor(dataSource: DataSource, parts: { store: QueueStore; signal: Signalling; log: Logger }) {
    this.#dataSource = dataSource;
    this.#store = parts.store;
    this.#signal = parts.signal;
    this.#log = parts.log;
  }

  noteMoved(team_id: TeamId): void {
    if (this.#moved.has(team_id)) return;
    const timer = setTimeout(() => {
      this.#moved.delete(team_id);
      this.#later(() => this.#tell(team_id, IN_FRONT));
    }, SOON_MS);
    this.#moved.set(team_id, timer);
  }

  start(): void {
    this.#timer = setInterval(() => this.#later(() => this.#tellAll()), ALL_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    for (const timer of this.#moved.values()) clearTimeout(timer);
    this.#moved.clear();
    await this.#telling;
  }

  /** One at a time: a slow database must not be asked by more and more of them. */
  #later(tell: () => Promise<void>): void {
    this.#telling = this.#telling.then(tell).catch((err: unknown) => {
      this.#log.warn({ err }, 'positions could not be told');
    });
  }

  async #tellAll(): Promise<void> {
    const teams = await this.#dataSource.query<{ team_id: TeamId }[]>(
      "SELECT DISTINCT team_id FROM sessions WHERE state = 'waiting'",
    );
    for (const { team_id } of teams) await this.#tell(team_id, Number.POSITIVE_INFINITY);
  }

  async #tell(team_id: TeamId, most: number): Promise<void> {
    const { manager } = this.#dataSource;
    const [order, rate] = await Promise.all([
      this.#store.readOrder(manager, team_id),
      this.#store.readRate(manager, team_id),
    ]);
    const signals = order.slice(0, most).map(({ session_id, visitor_id }, index): PlaceSignal => {
      const position = index + 1;
      return { type: 'queue', session_id, visitor_id, position, eta_seconds: etaSeconds(position, rate) };
    });
    await Promise.all(signals.map((signal) => this.#send(signal)));
  }

  async #send(signal: PlaceSignal): Promise<void> {
    await this.#signal(topics.signals.name, signal.session_id, signal).catch(() => undefined); // told again by the next round
  }
}
