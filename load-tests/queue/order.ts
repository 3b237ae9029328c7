/** A session that was in a queue. */
export interface Queued {
  readonly session_id: string;
  readonly team_id: string;
  readonly priority: number;
  /** What it asks of an agent. */
  readonly skills: readonly string[];
  /** Milliseconds with the database's microseconds behind the point. */
  readonly enqueued_at_ms: number;
}

/**
 * Who was assigned while somebody of the same team, priority and wishes, who had come earlier, still waited.
 *
 * The order of assignment is the order of their lines in the audit log: a line is written under the lock of the session's
 * team and committed before that lock is free, so within a team the lines' ids are in the order of the drains. A clock would
 * be as good only as long as it never goes back. Ageing lifts equals alike and so never turns them round.
 *
 * @param assigned ids of sessions in that order; who is not among them still waits
 */
export function findOvertakers(queued: readonly Queued[], assigned: readonly string[]): Queued[] {
  const place = new Map(assigned.map((session_id, index) => [session_id, index]));
  const placeOf = ({ session_id }: Queued) => place.get(session_id) ?? Number.POSITIVE_INFINITY;
  const overtakers: Queued[] = [];
  for (const equals of Map.groupBy(queued, classOf).values()) {
    let first: Queued | undefined;
    // From the last one back: `first` is who came first of all who are assigned later.
    for (const one of equals.toSorted((a, b) => compare(placeOf(b), placeOf(a)))) {
      if (first && isBefore(first, one) && placeOf(one) !== Number.POSITIVE_INFINITY) overtakers.push(one);
      if (!first || isBefore(one, first)) first = one;
    }
  }
  return overtakers;
}

function classOf({ team_id, priority, skills }: Queued): string {
  return [team_id, priority, ...skills.toSorted()].join(' ');
}

/** As the queue has it: the time, then the id. */
function isBefore(one: Queued, other: Queued): boolean {
  if (one.enqueued_at_ms !== other.enqueued_at_ms) return one.enqueued_at_ms < other.enqueued_at_ms;
  return one.session_id < other.session_id;
}

function compare(one: number, other: number): number {
  return one === other ? 0 : one - other;
}
