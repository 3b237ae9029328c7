import { describe, expect, test } from 'vitest';
import { Assignment } from './assignment.ts';
import type { KafkaRecord } from './record.ts';

const at = (partition: number) => ({ topic: 't', partition });
function record(partition: number, offset: number): KafkaRecord {
  return { ...at(partition), offset: BigInt(offset), key: null, value: Buffer.alloc(0), headers: {}, timestamp: 0 };
}

describe('an assignment', () => {
  test('knows of each partition what is handled and not committed', () => {
    const assignment = new Assignment([at(0), at(1)]);
    assignment.markHandled([record(0, 4), record(0, 5), record(1, 9)], assignment.turns());
    expect(assignment.uncommitted()).toEqual([
      { ...at(0), next_offset: 6n },
      { ...at(1), next_offset: 10n },
    ]);
    assignment.markCommitted([{ ...at(0), next_offset: 6n }]);
    expect(assignment.uncommitted()).toEqual([{ ...at(1), next_offset: 10n }]);
  });

  test('tells the first batch of a partition, until it is handled', () => {
    const assignment = new Assignment([at(0)]);
    assignment.noteFetched(at(0), 40n, 50n);
    const first = [record(0, 41), record(0, 42)];
    const part = { ...at(0), is_first: true, first_offset: 41n, next_offset: 43n, end_offset: 50n, position: 40n };
    expect(assignment.partsOf(first)).toEqual([part]);
    expect(assignment.partsOf(first)).toEqual([part]);
    assignment.markHandled(first, assignment.turns());
    expect(assignment.partsOf([record(0, 43)])).toMatchObject([{ is_first: false, position: 40n }]);
  });

  test('counts nothing of a partition that went back while the work was under way', () => {
    const assignment = new Assignment([at(0), at(1)]);
    const turns = assignment.turns();
    assignment.rewind({ ...at(0), offset: 2n });
    assignment.markHandled([record(0, 7), record(1, 7)], turns);
    expect(assignment.uncommitted()).toEqual([{ ...at(1), next_offset: 8n }]);
    expect(assignment.isHandled(record(0, 2))).toBe(false);
  });

  test('commits again what a rewind brought back, even the same offset', () => {
    const assignment = new Assignment([at(0)]);
    assignment.markHandled([record(0, 7)], assignment.turns());
    assignment.markCommitted(assignment.uncommitted());
    assignment.rewind({ ...at(0), offset: 7n });
    expect(assignment.uncommitted()).toEqual([]);
    assignment.markHandled([record(0, 7)], assignment.turns());
    expect(assignment.uncommitted()).toEqual([{ ...at(0), next_offset: 8n }]);
  });

  test('measures the lag from what is handled, else from where reading began', () => {
    const assignment = new Assignment([at(0), at(1), at(2)]);
    assignment.noteFetched(at(0), 10n, 30n);
    assignment.noteFetched(at(1), 0n, 5n);
    assignment.markHandled([record(0, 24)], assignment.turns());
    expect(assignment.lagOf('t')).toBe(10);
  });
});
