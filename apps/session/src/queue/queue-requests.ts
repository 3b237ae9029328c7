/**
 * Takes sessions into their queues on the writer's request: a visitor has written where no bot answers.
 *
 * Guarantees: a request that was stored is met, also when this process dies at once; meeting it twice changes nothing.
 * Lifecycle: `kick` after the writer has stored some; a sweep each second for what other replicas left behind.
 */
import type { DataSource, EntityManager } from 'typeorm';
import type { Logger } from '#libs/observability';
import { transact } from '../database/transact.ts';
import type { SessionsStore } from '../lifecycle/sessions.store.ts';
import { NOW, type Transitions } from '../lifecycle/transitions.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Queue } from './queue.ts';

const BATCH = 100;
const SWEEP_MS = 1_000;
const ENGINE = { id: 'engine' };

export interface QueueRequestsParts {
  sessions: SessionsStore;
  transitions: Transitions;
  outbox: Outbox;
  queue: Queue;
  log: Logger;
}

export class QueueRequests {
  readonly #dataSource: DataSource;
  readonly #parts: QueueRequestsParts;
  #running: Promise<void> | undefined;
  #again = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(dataSource: DataSource, parts: QueueRequestsParts) {
    this.#dataSource = dataSource;
    this.#parts = parts;
  }

  kick(): void {
    this.#again = true;
    this.#running ??= this.#meetAll().finally(() => (this.#running = undefined));
  }

  start(): void {
    this.#timer = setInterval(() => this.kick(), SWEEP_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#again = false;
    await this.#running;
  }

  async #meetAll(): Promise<void> {
    try {
      while (this.#again) {
        this.#again = false;
        const requests = await this.#dataSource.query<{ session_id: string }[]>(
          `SELECT session_id FROM queue_requests ORDER BY requested_at, session_id LIMIT ${BATCH}`,
        );
        for (const { session_id } of requests) await this.#meet(session_id);
        if (requests.length === BATCH) this.#again = true;
      }
    } catch (err) {
      this.#parts.log.warn({ err }, 'queue requests could not be met');
    }
  }

  async #meet(session_id: string): Promise<void> {
    const team_id = await transact(this.#dataSource, (tx) => this.#enqueue(tx, session_id));
    this.#parts.outbox.kick();
    if (team_id) this.#parts.queue.kick(team_id);
  }

  async #enqueue(tx: EntityManager, session_id: string): Promise<string | undefined> {
    const { sessions, transitions } = this.#parts;
    const known = await sessions.find(session_id, tx);
    if (known) await tx.query('SELECT team_id FROM teams WHERE team_id = ? FOR UPDATE', [known.team_id]);
    const row = known && (await sessions.lock(tx, session_id));
    if (row?.state === 'bot') {
      await transitions.apply(tx, row, 'request_human', { enqueued_at: row.enqueued_at ?? NOW }, ENGINE);
    }
    await tx.query('DELETE FROM queue_requests WHERE session_id = ?', [session_id]);
    return known?.team_id;
  }
}
