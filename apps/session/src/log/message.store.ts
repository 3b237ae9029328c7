import { type Connection, createConnection, type ResultSetHeader } from 'mysql2/promise';
import type { Message, SessionState } from '#libs/contracts';
import type { AgentId, VisitorId } from '#libs/protocol';
import type { Inbound } from './inbound.ts';
import { STATEMENT_DEADLINE_MS } from '../database/data-source.ts';
import { MESSAGE_COLUMN_LIST, type MessageRow, toMessage, toValues } from './message-row.ts';
import type { BatchFacts, SessionFacts } from './plan-batch.ts';

/** Everything the writer asks before it numbers a batch. */
export interface LogFacts extends BatchFacts {
  /** Stored places in the inbound topic, by partition; a partition that never stored one is missing. */
  readonly offsets: ReadonlyMap<number, bigint>;
  readonly log_epoch: number;
  /** The connection over which all this was read; what follows from it may only be written over the same one. */
  readonly connection_id: number;
}

interface SessionFactsRow {
  session_id: string;
  state: SessionState;
  visitor_id: VisitorId;
  agent_id: AgentId | null;
  lacks_bot: number | string;
  last_seq_id: string | number | null;
}

/**
 * The writer's own connection. Reading, inserting and storing the place go over the same one: a database that was restarted
 * or restored in between breaks it, and the batch starts over with a fresh read. No transaction and no lock: the insert is
 * one statement. One call at a time.
 */
export class MessageStore {
  readonly #options: { url: string; connect_timeout_ms: number };
  #connection: Connection | undefined;
  #connection_id = 0;

  constructor(options: { url: string; connect_timeout_ms: number }) {
    this.#options = options;
  }

  /** Counts the connections there were; undefined while there is none. */
  get connection_id(): number | undefined {
    return this.#connection && this.#connection_id;
  }

  /** Connects unless it is connected; returns the connection's number. */
  async open(): Promise<number> {
    await this.#connect();
    return this.#connection_id;
  }

  /** One round trip. */
  async readFacts(inbound: readonly Inbound[], partitions: readonly number[]): Promise<LogFacts> {
    const message_ids = inbound.map(({ draft }) => draft.message_id);
    const session_ids = [...new Set(inbound.map(({ draft }) => draft.session_id))];
    const connection = await this.#connect();
    const [results] = await connection.query({
      timeout: STATEMENT_DEADLINE_MS,
      sql: `SELECT ${MESSAGE_COLUMN_LIST} FROM messages WHERE message_id IN (?);
       SELECT s.session_id, s.state, s.visitor_id, s.agent_id,
         EXISTS (SELECT 1 FROM channels c WHERE c.channel_id = s.channel_id AND c.bot = 'none') AS lacks_bot,
         (SELECT MAX(m.seq_id) FROM messages m WHERE m.session_id = s.session_id) AS last_seq_id
         FROM sessions s WHERE s.session_id IN (?);
       SELECT partition_id, next_offset FROM log_offsets WHERE partition_id IN (?);
       SELECT value FROM cluster_facts WHERE name = 'log_epoch'`,
      values: [orNone(message_ids), orNone(session_ids), orNone(partitions)],
    });
    const [stored, sessions, offsets, facts] = results as unknown as [
      MessageRow[],
      SessionFactsRow[],
      { partition_id: number; next_offset: string | number }[],
      { value: string | number }[],
    ];
    return {
      stored: new Map(stored.map((row) => [row.message_id, toMessage(row)])),
      sessions: new Map(sessions.map((row) => [row.session_id, toFacts(row)])),
      offsets: new Map(offsets.map((row) => [row.partition_id, BigInt(row.next_offset)])),
      log_epoch: Number(facts[0]?.value),
      connection_id: this.#connection_id,
    };
  }

  /**
   * One multi-row insert, atomic by itself. A number or an identity that is taken refuses all of it (1062).
   * @throws ConnectionReplaced when the facts were read over an earlier connection
   */
  async insert(messages: readonly Message[], connection_id: number): Promise<void> {
    if (messages.length === 0) return;
    const connection = this.#same(connection_id);
    const sql = `INSERT INTO messages (${MESSAGE_COLUMN_LIST}) VALUES ?`;
    await connection.query({ sql, values: [messages.map(toValues)], timeout: STATEMENT_DEADLINE_MS });
  }

  /** Remembers bots' answers that came too late. A repeat changes nothing. */
  async insertDropped(dropped: readonly Inbound[], connection_id: number): Promise<void> {
    if (dropped.length === 0) return;
    const connection = this.#same(connection_id);
    await connection.query(
      'INSERT INTO dropped_messages (message_id, session_id) VALUES ? ON DUPLICATE KEY UPDATE session_id = session_id',
      [dropped.map(({ draft }) => [draft.message_id, draft.session_id])],
    );
  }

  /** Asks the queue to take these sessions in, by rows of their own: the writer waits for nobody's lock. Idempotent. */
  async requestQueue(session_ids: readonly string[], connection_id: number): Promise<void> {
    if (session_ids.length === 0) return;
    const connection = this.#same(connection_id);
    await connection.query(
      'INSERT INTO queue_requests (session_id) VALUES ? ON DUPLICATE KEY UPDATE session_id = VALUES(session_id)',
      [session_ids.map((session_id) => [session_id])],
    );
  }

  /** Moves a partition's stored place if it is still `from`, or absent; returns what is stored then. */
  async storeOffset(
    { partition, from, to }: { partition: number; from: bigint | undefined; to: bigint },
    connection_id: number,
  ): Promise<bigint | undefined> {
    const connection = this.#same(connection_id);
    const [result] =
      from === undefined
        ? await connection.query<ResultSetHeader>(
            `INSERT INTO log_offsets (partition_id, next_offset, updated_at) VALUES (?, ?, NOW(6))
             ON DUPLICATE KEY UPDATE partition_id = partition_id`,
            [partition, String(to)],
          )
        : await connection.query<ResultSetHeader>(
            'UPDATE log_offsets SET next_offset = ?, updated_at = NOW(6) WHERE partition_id = ? AND next_offset = ?',
            [String(to), partition, String(from)],
          );
    if (result.affectedRows === 1 && from !== undefined) return to;
    const [rows] = await connection.query('SELECT next_offset FROM log_offsets WHERE partition_id = ?', [partition]);
    const [row] = rows as { next_offset: string | number }[];
    return row && BigInt(row.next_offset);
  }

  /** Whatever was under way on the connection is given up; the next call opens another one. */
  disconnect(): void {
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  async #connect(): Promise<Connection> {
    if (this.#connection) return this.#connection;
    const { url, connect_timeout_ms } = this.#options;
    const connection = await createConnection({
      uri: url,
      multipleStatements: true,
      supportBigNumbers: true,
      bigNumberStrings: true,
      connectTimeout: connect_timeout_ms,
      charset: 'utf8mb4',
    });
    connection.on('error', () => {
      if (this.#connection === connection) this.disconnect();
    });
    await connection.query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; SET SESSION time_zone = '+00:00'");
    this.#connection = connection;
    this.#connection_id += 1;
    return connection;
  }

  #same(connection_id: number): Connection {
    if (this.#connection && this.#connection_id === connection_id) return this.#connection;
    throw new ConnectionReplaced();
  }
}

/** The database may be another one by now: what was read of it counts for nothing. */
class ConnectionReplaced extends Error {
  /** As mysql2's own, so that it is handled as a lost connection. */
  readonly code = 'PROTOCOL_CONNECTION_LOST';

  constructor() {
    super('the connection to the database was replaced');
  }
}

function toFacts({ state, visitor_id, agent_id, lacks_bot, last_seq_id }: SessionFactsRow): SessionFacts {
  return { state, visitor_id, agent_id, lacks_bot: Number(lacks_bot) === 1, last_seq_id: Number(last_seq_id ?? 0) };
}

/** `IN ()` is no SQL; nothing is equal to NULL. */
function orNone<T>(values: readonly T[]): readonly T[] | readonly [null] {
  return values.length > 0 ? values : [null];
}
