/**
 * Takes sessions into their queues on the writer's request: a visitor has written where no bot answers.
 *
 * Guarantees: a request that was stored is met, also when this process dies at once; meeting it twice changes nothing.
 * Lifecycle: `kick` after the writer has stored some; a sweep each second for what other replicas left behind.
 */
import type { DataSource, EntityManager } from 'typeorm';
import type { Logger } from '#libs/observability';
import { transact } from '../database/transact.ts';
import { KickedJob } from '../jobs/kicked-job.ts';
import type { SessionsStore } from '../lifecycle/sessions.store.ts';
import { NOW, type Transitions } from '../lifecycle/transitions.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Queue } from './queue.ts';

const BATCH = 100;
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
  readonly #meeting: KickedJob;

  constructor(dataSource: DataSource, parts: QueueRequestsParts) {
    this.#dataSource = dataSource;
    this.#parts = parts;
    this.#meeting = new KickedJob('meeting queue requests', () => this.#meetAll(), parts.log);
  }

  kick(): void {
    this.#meeting.kick();
  }

  start(): void {
    this.#meeting.start();
  }

  stop(): Promise<void> {
    return this.#meeting.stop();
  }

  async #meetAll(): Promise<void> {
    while ((await this.#meetBatch()) === BATCH);
  }

  async #meetBatch(): Promise<number> {
    const requests = await this.#dataSource.query<{ session_id: string }[]>(
      `SELECT session_id FROM queue_requests ORDER BY requested_at, session_id LIMIT ${BATCH}`,
    );
    for (const { session_id } of requests) await this.#meet(session_id);
    return requests.length;
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
