import type { DataSource } from 'typeorm';

/** The stored places in the inbound topic and the log epoch, as everybody sees them. */
export class PlaceStore {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  /** By partition; one that never stored a place is missing. */
  async readOffsets(partitions: readonly number[]): Promise<Map<number, bigint>> {
    if (partitions.length === 0) return new Map();
    const rows = await this.#dataSource.query<{ partition_id: number; next_offset: string | number }[]>(
      'SELECT partition_id, next_offset FROM log_offsets WHERE partition_id IN (?)',
      [partitions],
    );
    return new Map(rows.map((row) => [row.partition_id, BigInt(row.next_offset)]));
  }

  /** Begins a new log epoch: the database's time in milliseconds since 1970, and later than any before. */
  async beginEpoch(): Promise<void> {
    await this.#dataSource.query(
      `UPDATE cluster_facts SET value = GREATEST(value + 1, FLOOR(UNIX_TIMESTAMP(NOW(3)) * 1000)) WHERE name = 'log_epoch'`,
    );
  }
}
