/**
 * Brings one piece of work through the handler, whatever it takes.
 *
 * - A RecordError cuts the records in two or three (bisect.ts), in order, until one is alone: that one is dead-lettered.
 * - A Rewind takes the named partitions out; the rest is tried again.
 * - Anything else is tried again for ever with back-off, until the work is given up from outside (a rebalance, the end).
 *
 * Within a partition records are handled in order at every moment: ranges are worked off one after the other.
 */
import { cutAround } from './bisect.ts';
import { partitionKey } from './assignment.ts';
import { pauseUnless } from './deadline.ts';
import { RecordError, Rewind } from './errors.ts';
import type { KafkaRecord, PartitionOffset } from './record.ts';

/** What the work needs from the consumer around it. */
export interface WorkPorts {
  handle(records: readonly KafkaRecord[]): Promise<void>;
  /** The records are durable and published, or dead-lettered. */
  done(records: readonly KafkaRecord[]): void;
  rewind(positions: readonly PartitionOffset[]): void;
  deadLetter(record: KafkaRecord, error: RecordError): Promise<void>;
  /** An attempt failed and will be repeated. */
  failed(records: readonly KafkaRecord[], error: unknown, attempt: number): void;
  recovered(): void;
  /** Whether the records still await handling: false once a rewind from outside took their partition away. */
  isWanted(record: KafkaRecord): boolean;
  /** Aborted when the work must not be begun again. */
  readonly signal: AbortSignal;
}

const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5_000;

export async function runWork(records: readonly KafkaRecord[], ports: WorkPorts): Promise<void> {
  const ranges: (readonly KafkaRecord[])[] = [records];
  for (let range = ranges.shift(); range !== undefined && !ports.signal.aborted; range = ranges.shift()) {
    const wanted = range.filter((record) => ports.isWanted(record));
    if (wanted.length > 0) ranges.unshift(...(await handleRange(wanted, ports)));
  }
}

/** Gives the ranges that are left of it, in order. */
async function handleRange(range: readonly KafkaRecord[], ports: WorkPorts): Promise<(readonly KafkaRecord[])[]> {
  const error = await attempt(range, ports, () => ports.handle(range));
  if (error === 'given up') return [];
  if (error === undefined) {
    ports.done(range);
    return [];
  }
  if (error instanceof Rewind) {
    const rewound = new Set(error.positions.map(partitionKey));
    ports.rewind(error.positions);
    return [range.filter((record) => !rewound.has(partitionKey(record)))];
  }
  const [record] = range;
  if (range.length > 1 || record === undefined) return cutAround(range, error.index);
  const end = await attempt(range, ports, () => ports.deadLetter(record, error));
  if (end === undefined) ports.done(range);
  return [];
}

/** Repeats what may pass; undefined is success. */
async function attempt(
  range: readonly KafkaRecord[],
  ports: WorkPorts,
  act: () => Promise<void>,
): Promise<RecordError | Rewind | 'given up' | undefined> {
  let pauseMs = FIRST_PAUSE_MS;
  for (let count = 1; ; count += 1) {
    try {
      await act();
      if (count > 1) ports.recovered();
      return undefined;
    } catch (error) {
      if (error instanceof RecordError || error instanceof Rewind) {
        if (count > 1) ports.recovered();
        return error;
      }
      ports.failed(range, error, count);
    }
    await pauseUnless(ports.signal, pauseMs);
    if (ports.signal.aborted) return 'given up';
    pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
  }
}
