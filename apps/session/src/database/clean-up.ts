import type { DataSource } from 'typeorm';
import type { Logger } from '#libs/observability';

const EVERY_MS = 10 * 60_000;
const ROWS_AT_ONCE = 1_000;

/** What may go, by table: how long a row is of use is said by the condition. */
const outdated = {
  refresh_tokens: 'expires_at < NOW(6)',
  // A sending is repeated within a day or not at all.
  sendings: 'created_at < NOW(6) - INTERVAL 1 DAY',
  // So long an Idempotency-Key is kept.
  idempotency_keys: 'created_at < NOW(6) - INTERVAL 1 DAY',
  // So long GET /messages/{id} tells a dropped answer from one that is not stored yet.
  dropped_messages: 'dropped_at < NOW(6) - INTERVAL 7 DAY',
} as const;

/** Deletes rows that nobody will ask for again; any replica, any number of them at once. */
export class CleanUp {
  readonly #dataSource: DataSource;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(dataSource: DataSource, log: Logger) {
    this.#dataSource = dataSource;
    this.#log = log;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#running = this.run();
    }, EVERY_MS);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    await this.#running;
  }

  /** Some rows at a time, so that nobody waits long for a lock. */
  async run(): Promise<void> {
    for (const [table, condition] of Object.entries(outdated)) {
      try {
        let deleted = ROWS_AT_ONCE;
        while (deleted === ROWS_AT_ONCE && !this.#isStopped) {
          const sql = `DELETE FROM ${table} WHERE ${condition} LIMIT ${ROWS_AT_ONCE}`;
          ({ affectedRows: deleted } = await this.#dataSource.query<{ affectedRows: number }>(sql));
        }
      } catch (err) {
        this.#log.warn({ err, table }, 'outdated rows could not be deleted');
      }
    }
  }
}
