import type { KafkaRecord, TopicPartition } from './record.ts';

/** What one fetch brought of one partition. kafkajs waits for `finish` before it fetches again. */
export interface Fetched extends TopicPartition {
  /** Not yet taken, offsets ascending. */
  records: KafkaRecord[];
  /** Tells kafkajs that all up to the offset is done: the next fetch begins behind it. */
  resolve(offset: bigint): void;
  finish(error?: Error): void;
}

/** A part of a fetched partition that goes into one piece of work. */
export interface Slice {
  readonly from: Fetched;
  readonly records: readonly KafkaRecord[];
}

/**
 * Takes up to `maxRecords` from the fronts of what was fetched, so that a partition with a long queue does not make the
 * others wait: everyone gets an equal share first, then the first ones get what is left.
 */
export function takeWork(inbox: readonly Fetched[], maxRecords: number): Slice[] {
  const counts = inbox.map(() => 0);
  let left = maxRecords;
  let open = inbox.filter(({ records }) => records.length > 0).length;
  while (left > 0 && open > 0) {
    const share = Math.max(1, Math.floor(left / open));
    open = 0;
    for (const [index, { records }] of inbox.entries()) {
      const taken = counts[index] ?? 0;
      const more = Math.min(share, records.length - taken, left);
      counts[index] = taken + more;
      left -= more;
      if (taken + more < records.length) open += 1;
    }
  }
  return inbox.flatMap((from, index) => {
    const records = from.records.splice(0, counts[index] ?? 0);
    return records.length === 0 ? [] : [{ from, records }];
  });
}
