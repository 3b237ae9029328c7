import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource } from 'typeorm';

const WAIT_MS = 3_000;
const POLL_MS = 50;

/**
 * Whether the writer has stored all that is in the inbound topic at the moment of the call. Its places are stored about
 * twice a second, so this waits a little; false when the writer lags, stands still, or Kafka can't be asked.
 * @param readEnds the next offset of each partition
 */
export function createHasWriterPassed(
  dataSource: DataSource,
  readEnds: () => Promise<ReadonlyMap<number, bigint>>,
): () => Promise<boolean> {
  return async () => {
    const ends = await readEnds().catch(() => undefined);
    if (!ends) return false;
    const end = performance.now() + WAIT_MS;
    for (;;) {
      if (await havePassed(dataSource, ends)) return true;
      if (performance.now() >= end) return false;
      await delay(POLL_MS);
    }
  };
}

async function havePassed(dataSource: DataSource, ends: ReadonlyMap<number, bigint>): Promise<boolean> {
  const rows = await dataSource.query<{ partition_id: number; next_offset: string | number }[]>(
    'SELECT partition_id, next_offset FROM log_offsets',
  );
  const places = new Map(rows.map((row) => [row.partition_id, BigInt(row.next_offset)]));
  return [...ends].every(([partition, end]) => end === 0n || (places.get(partition) ?? 0n) >= end);
}
