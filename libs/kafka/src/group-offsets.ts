import type { Admin } from 'kafkajs';
import type { KafkaConnection } from './connection.ts';
import { within } from './deadline.ts';
import { toCommitted } from './topics.ts';

const CALL_LIMIT_MS = 10_000;

/** What a group has committed of a topic, asked over a connection that stays open: a rebalance waits for no handshake. */
export class GroupOffsets {
  readonly #kafka: KafkaConnection;
  readonly #groupId: string;
  readonly #topic: string;
  #admin: Promise<Admin> | undefined;

  constructor(kafka: KafkaConnection, groupId: string, topic: string) {
    this.#kafka = kafka;
    this.#groupId = groupId;
    this.#topic = topic;
  }

  /** By partition; null where nothing is committed. A failed call gives up the connection; the next one opens another. */
  async committed(): Promise<Map<number, bigint | null>> {
    try {
      const answer = this.#open().then((admin) =>
        admin.fetchOffsets({ groupId: this.#groupId, topics: [this.#topic] }),
      );
      return toCommitted(await within(CALL_LIMIT_MS, 'asking for committed offsets', answer));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const admin = this.#admin;
    this.#admin = undefined;
    await admin?.then((open) => open.disconnect()).catch(() => undefined); // it was not open, or is gone already
  }

  #open(): Promise<Admin> {
    this.#admin ??= connect(this.#kafka.admin());
    return this.#admin;
  }
}

async function connect(admin: Admin): Promise<Admin> {
  await admin.connect();
  return admin;
}
