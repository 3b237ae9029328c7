/**
 * The shift again, from the audit log. A line about an agent's slot or status is written while the agent's row is locked, so
 * that in the order of the lines each agent's slots are counted as the database has counted them: exactly, not at some looks.
 * Times are the database's, of the last statement before a commit.
 */

export type Line = { readonly at_ms: number } & (
  | { readonly what: 'entered'; readonly session_id: string }
  | { readonly what: 'assigned' | 'closed'; readonly session_id: string; readonly agent_id: string }
  | { readonly what: 'online' | 'busy'; readonly agent_id: string }
);

/** What an assignment had waited for last: a slot that a closing freed, an agent who came, or the session itself. */
export type Cause = 'closing' | 'agent' | 'session';

export interface Assignment {
  readonly session_id: string;
  readonly agent_id: string;
  readonly at_ms: number;
  readonly cause: Cause;
  /** From the moment at which there were both the session and a slot of this agent. */
  readonly delay_ms: number;
  /** Whether every slot had been taken once before it: the first rush is over. */
  readonly isAfterRush: boolean;
}

export interface Replayed {
  readonly assignments: readonly Assignment[];
  /** When the last slot of all was taken for the first time; undefined when that never was. */
  readonly full_at_ms: number | undefined;
  /** Assignments that the agent had no slot for. */
  readonly above_capacity: number;
  /** Assignments to an agent who was not online. */
  readonly to_absent: number;
}

interface Desk {
  isOnline: boolean;
  hasCome: boolean;
  /** Its free slots, longest free first. */
  readonly free: { at_ms: number; cause: Cause }[];
}

/** @param capacities of all agents; all are away at first */
export function replay(lines: readonly Line[], capacities: ReadonlyMap<string, number>): Replayed {
  const shift = new Replay(capacities);
  for (const line of lines) shift.read(line);
  const { assignments, full_at_ms, above_capacity, to_absent } = shift;
  return { assignments, full_at_ms, above_capacity, to_absent };
}

class Replay implements Replayed {
  readonly assignments: Assignment[] = [];
  full_at_ms: number | undefined;
  above_capacity = 0;
  to_absent = 0;
  readonly #desks: ReadonlyMap<string, Desk>;
  readonly #entered = new Map<string, number>();

  constructor(capacities: ReadonlyMap<string, number>) {
    const slots = (capacity: number) => Array.from({ length: capacity }, () => ({ at_ms: 0, cause: 'agent' as const }));
    this.#desks = new Map(
      [...capacities].map(([id, capacity]) => [id, { isOnline: false, hasCome: false, free: slots(capacity) }]),
    );
  }

  read(line: Line): void {
    if (line.what === 'entered') {
      this.#entered.set(line.session_id, line.at_ms);
      return;
    }
    const desk = this.#desks.get(line.agent_id);
    if (!desk) throw new Error(`a line of ${line.agent_id}, whom nobody knows`);
    switch (line.what) {
      case 'assigned':
        this.#assign(desk, line);
        break;
      case 'closed':
        desk.free.push({ at_ms: line.at_ms, cause: 'closing' });
        break;
      case 'online':
        Object.assign(desk, { isOnline: true, hasCome: true });
        // What was free while nobody was there is free from now on.
        desk.free.splice(0, Infinity, ...desk.free.map(() => ({ at_ms: line.at_ms, cause: 'agent' as const })));
        break;
      case 'busy':
        desk.isOnline = false;
    }
  }

  #assign(desk: Desk, { session_id, agent_id, at_ms }: Extract<Line, { what: 'assigned' | 'closed' }>): void {
    const slot = desk.free.shift();
    if (!slot) this.above_capacity += 1;
    if (!desk.isOnline) this.to_absent += 1;
    const entered = this.#entered.get(session_id) ?? 0;
    const isSession = !slot || entered > slot.at_ms;
    this.assignments.push({
      session_id,
      agent_id,
      at_ms,
      cause: isSession ? 'session' : slot.cause,
      delay_ms: at_ms - Math.max(entered, slot?.at_ms ?? 0),
      isAfterRush: this.full_at_ms !== undefined,
    });
    if (this.full_at_ms === undefined && this.#isFull()) this.full_at_ms = at_ms;
  }

  #isFull(): boolean {
    return [...this.#desks.values()].every(({ hasCome, free }) => hasCome && free.length === 0);
  }
}
