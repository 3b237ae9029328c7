/**
 * A hashed timing wheel (Varghese and Lauck, 1987): thousands of deadlines, one timer, every operation O(1).
 *
 * What is due when is asked of the owner at the moment an entry's slot comes round, not kept here. So putting a deadline
 * off costs nothing at all: the entry is met at its old time, found not to be due, and laid into a later slot.
 * A deadline that moves to an earlier time has to be added again.
 *
 * Entries are linked to each other, so that 10,000 of them need no further memory.
 */
export interface WheelEntry {
  wheelNext: WheelEntry | undefined;
  wheelPrevious: WheelEntry | undefined;
}

export interface WheelOptions<Entry extends WheelEntry> {
  readonly tick_ms: number;
  /** A deadline further away than all slots together is met early and laid in again. */
  readonly slots: number;
  readonly now: number;
  /** When the entry is due, in milliseconds of the clock that `advance` is called with; Infinity: never. */
  readonly dueOf: (entry: Entry) => number;
  /** Called for an entry that is due; it has left the wheel and may be added again. */
  readonly expire: (entry: Entry) => void;
}

export class TimingWheel<Entry extends WheelEntry> {
  readonly #options: WheelOptions<Entry>;
  readonly #heads: WheelEntry[];
  #tick: number;

  constructor(options: WheelOptions<Entry>) {
    this.#options = options;
    this.#heads = Array.from({ length: options.slots }, emptyList);
    this.#tick = this.#tickOf(options.now);
  }

  /** Lays the entry into the slot of its deadline; one that is in the wheel already moves. */
  add(entry: Entry): void {
    this.remove(entry);
    const { slots, dueOf } = this.#options;
    // Never into the slot that is being emptied or was emptied last: it comes round only after all others.
    const earliest = this.#tick + 1;
    const tick = Math.max(earliest, Math.min(this.#tickOf(dueOf(entry)) + 1, this.#tick + slots - 1));
    const head = this.#heads[tick % slots];
    if (head) link(entry, head);
  }

  /** Takes the entry out; nothing happens when it is not in. */
  remove(entry: Entry): void {
    const { wheelNext: next, wheelPrevious: previous } = entry;
    if (!next || !previous) return;
    previous.wheelNext = next;
    next.wheelPrevious = previous;
    entry.wheelNext = undefined;
    entry.wheelPrevious = undefined;
  }

  /** Expires what is due at `now`. A deadline is met at most one tick late. */
  advance(now: number): void {
    const until = this.#tickOf(now);
    // After a long sleep every slot is looked at once, not once for each missed round.
    if (until - this.#tick > this.#options.slots) this.#tick = until - this.#options.slots;
    while (this.#tick < until) {
      this.#tick += 1;
      this.#empty(this.#heads[this.#tick % this.#options.slots], now);
    }
  }

  #empty(head: WheelEntry | undefined, now: number): void {
    // Entries that are laid in again go to other slots, so this ends.
    for (let entry = head?.wheelNext; entry && entry !== head; entry = head?.wheelNext) {
      const due = entry as Entry;
      this.remove(due);
      if (this.#options.dueOf(due) <= now) this.#options.expire(due);
      else this.add(due);
    }
  }

  #tickOf(time: number): number {
    return Math.floor(time / this.#options.tick_ms);
  }
}

/** The list's head is an entry of its own, linked to itself while the list is empty. */
function emptyList(): WheelEntry {
  const head: WheelEntry = { wheelNext: undefined, wheelPrevious: undefined };
  head.wheelNext = head;
  head.wheelPrevious = head;
  return head;
}

function link(entry: WheelEntry, head: WheelEntry): void {
  const last = head.wheelPrevious ?? head;
  entry.wheelPrevious = last;
  entry.wheelNext = head;
  last.wheelNext = entry;
  head.wheelPrevious = entry;
}
