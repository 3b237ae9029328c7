/**
 * Takes sessions into their queues on the writer's request: a visitor has written where no bot answers.
 *
 * Guarantees: a request that was stored is met, also when this process dies at once; meeting it twice changes nothing.
 * Lifecycle: `kick` after the writer has stored some; a sweep each second for what other replicas left behind.
 */
import type { DataSource } from 'typeorm';
import { Refusal } from '#libs/contracts';
import type { Logger } from '#libs/observability';
import type { SessionId } from '#libs/protocol';
import { doEach } from '../jobs/each.ts';
import { KickedJob } from '../jobs/kicked-job.ts';
import type { RunCommand } from '../lifecycle/run-command.ts';

const BATCH = 100;

export class QueueRequests {
  readonly #dataSource: DataSource;
  readonly #commands: RunCommand;
  readonly #meeting: KickedJob;
  readonly #log: Logger;

  constructor(dataSource: DataSource, commands: RunCommand, log: Logger) {
    this.#dataSource = dataSource;
    this.#commands = commands;
    this.#log = log;
    this.#meeting = new KickedJob('meeting queue requests', () => this.#meetAll(), log);
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
    const failed: SessionId[] = [];
    while ((await this.#meetBatch(failed)) === BATCH);
  }

  /** @param failed those that are left to the next sweep, and now stand in nobody's way */
  async #meetBatch(failed: SessionId[]): Promise<number> {
    const isUntried = failed.length > 0 ? 'WHERE session_id NOT IN (?)' : '';
    const requests = await this.#dataSource.query<{ session_id: SessionId }[]>(
      `SELECT session_id FROM queue_requests ${isUntried} ORDER BY requested_at, session_id LIMIT ${BATCH}`,
      failed.length > 0 ? [failed] : [],
    );
    const ids = requests.map(({ session_id }) => session_id);
    failed.push(
      ...(await doEach(ids, (session_id) => this.#meet(session_id), { what: 'a queue request', log: this.#log })),
    );
    return requests.length;
  }

  /** A session that is in no need of it any more is left as it is. */
  async #meet(session_id: SessionId): Promise<void> {
    await this.#commands.runAsEngine(session_id, { type: 'request_human' }).catch((error: unknown) => {
      if (!(error instanceof Refusal)) throw error;
    });
    await this.#dataSource.query('DELETE FROM queue_requests WHERE session_id = ?', [session_id]);
  }
}
