/**
 * The transactional outbox: what a transition tells the world, stored in the transition's own transaction.
 *
 * Guarantees: every row reaches Kafka at least once after its transaction committed, also when this process dies at once;
 * rows of one session go in `position` order, which is version order, because a session's transitions hold its row lock.
 *
 * How: a relay reads the rows that are still there, lowest position first, publishes them in that order, and deletes them
 * only after Kafka has acked. Any replica relays any row. Two relays at once, or one that was frozen in between, publish a
 * row twice; never one row of a session before an earlier one for the first time, as the earlier one is still there and
 * is read with it. Readers apply a higher version only, and the log settles repeats by identity.
 *
 * Lifecycle: `kick` after each commit; a sweep each second for what other replicas left behind.
 */
import { randomUUID } from 'node:crypto';
import type { DataSource, EntityManager } from 'typeorm';
import type { Logger } from '#libs/observability';
import type { TopicRecord } from '#libs/kafka';
import { KickedJob } from '../jobs/kicked-job.ts';

export interface OutboxRow {
  topic: string;
  record_key: string;
  headers: Record<string, string>;
  value: unknown;
  /** A UUID; a log entry uses it as its client_msg_id. */
  outbox_id?: string;
}

/** Publishes in order and resolves when all are acked. */
export type Publish = (records: TopicRecord[]) => Promise<void>;

interface StoredRow {
  position: string;
  topic: string;
  record_key: string;
  headers: string | Record<string, string>;
  value: string;
}

const BATCH = 500;

export class Outbox {
  readonly #dataSource: DataSource;
  readonly #publish: Publish;
  readonly #relay: KickedJob;

  constructor(dataSource: DataSource, publish: Publish, log: Logger) {
    this.#dataSource = dataSource;
    this.#publish = publish;
    this.#relay = new KickedJob('relaying the outbox', () => this.#relayAll(), log);
  }

  /** Stores rows in the caller's transaction, in order. */
  async add(tx: EntityManager, rows: readonly OutboxRow[]): Promise<void> {
    const values = rows.map(({ outbox_id = randomUUID(), topic, record_key, headers, value }) => [
      outbox_id,
      topic,
      record_key,
      JSON.stringify(headers),
      JSON.stringify(value),
    ]);
    await tx.query('INSERT INTO outbox (outbox_id, topic, record_key, headers, value) VALUES ?', [values]);
  }

  /** To be called after the commit: what was added goes out now. */
  kick(): void {
    this.#relay.kick();
  }

  start(): void {
    this.#relay.start();
  }

  stop(): Promise<void> {
    return this.#relay.stop();
  }

  async #relayAll(): Promise<void> {
    while ((await this.#relayBatch()) === BATCH);
  }

  async #relayBatch(): Promise<number> {
    const rows = await this.#dataSource.query<StoredRow[]>(
      `SELECT position, topic, record_key, headers, value FROM outbox ORDER BY position LIMIT ${BATCH}`,
    );
    if (rows.length === 0) return 0;
    await this.#publish(
      rows.map(({ topic, record_key, headers, value }) => ({
        topic,
        key: record_key,
        value,
        headers: typeof headers === 'string' ? (JSON.parse(headers) as Record<string, string>) : headers,
      })),
    );
    await this.#dataSource.query('DELETE FROM outbox WHERE position IN (?)', [rows.map((row) => row.position)]);
    return rows.length;
  }
}
