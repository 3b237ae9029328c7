import type { DataSource } from 'typeorm';
import { type Message, type MessagesQuery, Refusal } from '#libs/contracts';
import { MESSAGE_COLUMN_LIST, type MessageRow, toMessage } from './message-row.ts';
import type { NewMessages } from './new-messages.ts';

export interface HistoryPage {
  items: Message[];
  last_seq_id: number;
  log_epoch: number;
  total?: number;
  page?: number;
  size?: number;
}

const DEFAULT_SIZE = 50;

/** Reads the log of a session; ascending always. As numbers have no holes, every page is a range of the primary key. */
export class History {
  readonly #dataSource: DataSource;
  readonly #newMessages: NewMessages;

  constructor(dataSource: DataSource, newMessages: NewMessages) {
    this.#dataSource = dataSource;
    this.#newMessages = newMessages;
  }

  /** @param signal aborted when the caller has gone, so that nobody is waited for */
  async read(query: MessagesQuery, signal: AbortSignal): Promise<HistoryPage> {
    const { wait = 0, after_seq, session_id } = query;
    const end = performance.now() + wait * 1_000;
    for (;;) {
      const page = await this.#readNow(query);
      const left_ms = end - performance.now();
      if (after_seq === undefined || page.items.length > 0 || left_ms <= 0) return page;
      // Being woken is a hint: a repeated batch wakes too.
      const came = await this.#newMessages.waitFor(session_id, after_seq, left_ms, signal);
      if (!came) return page;
    }
  }

  async #readNow(query: MessagesQuery): Promise<HistoryPage> {
    const { session_id, page, size = DEFAULT_SIZE, after_seq, before_seq, limit = DEFAULT_SIZE } = query;
    const { last_seq_id, log_epoch } = await this.#head(session_id);
    const head = { last_seq_id, log_epoch };
    if (page !== undefined) {
      const first = (page - 1) * size + 1;
      const items = await this.#range(session_id, first, first + size - 1);
      return { items, total: last_seq_id, page, size, ...head };
    }
    if (after_seq !== undefined)
      return { items: await this.#range(session_id, after_seq + 1, after_seq + limit), ...head };
    const end = Math.min(before_seq ?? last_seq_id + 1, last_seq_id + 1) - 1;
    return { items: await this.#range(session_id, Math.max(1, end - limit + 1), end), ...head };
  }

  async #range(session_id: string, from: number, to: number): Promise<Message[]> {
    const rows = await this.#dataSource.query<MessageRow[]>(
      `SELECT ${MESSAGE_COLUMN_LIST} FROM messages WHERE session_id = ? AND seq_id BETWEEN ? AND ? ORDER BY seq_id`,
      [session_id, from, to],
    );
    return rows.map(toMessage);
  }

  /** @throws Refusal NOT_STORED_YET, or DROPPED for a bot's late answer. */
  async get(message_id: string): Promise<Message> {
    const [row] = await this.#dataSource.query<MessageRow[]>(
      `SELECT ${MESSAGE_COLUMN_LIST} FROM messages WHERE message_id = ?`,
      [message_id],
    );
    if (row) return toMessage(row);
    const [dropped] = await this.#dataSource.query<unknown[]>('SELECT 1 FROM dropped_messages WHERE message_id = ?', [
      message_id,
    ]);
    throw new Refusal(dropped ? 'DROPPED' : 'NOT_STORED_YET');
  }

  async #head(session_id: string): Promise<{ last_seq_id: number; log_epoch: number }> {
    const [row] = await this.#dataSource.query<{ last: string | number | null; log_epoch: string | number }[]>(
      `SELECT (SELECT MAX(seq_id) FROM messages WHERE session_id = ?) AS last,
         (SELECT value FROM cluster_facts WHERE name = 'log_epoch') AS log_epoch`,
      [session_id],
    );
    return { last_seq_id: Number(row?.last ?? 0), log_epoch: Number(row?.log_epoch) };
  }
}
