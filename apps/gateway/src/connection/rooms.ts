const NOBODY: readonly never[] = [];

/**
 * Who is in which room on this gateway. A room exists as long as somebody is in it. Most rooms are a visitor's own and have
 * one member: that one is kept as it is, as a set for it would cost 150 bytes.
 */
export class Rooms<Member extends object> {
  readonly #rooms = new Map<string, Member | Set<Member>>();

  join(room: string, member: Member): void {
    const members = this.#rooms.get(room);
    if (members instanceof Set) members.add(member);
    else if (members === undefined) this.#rooms.set(room, member);
    else if (members !== member) this.#rooms.set(room, new Set([members, member]));
  }

  leave(room: string, member: Member): void {
    const members = this.#rooms.get(room);
    if (members instanceof Set) members.delete(member);
    if (members === member || (members instanceof Set && members.size === 0)) this.#rooms.delete(room);
  }

  /** Who leaves while they are gone through is not met any more. */
  membersOf(room: string): Iterable<Member> {
    const members = this.#rooms.get(room);
    if (members instanceof Set) return members;
    return members === undefined ? NOBODY : [members];
  }

  get size(): number {
    return this.#rooms.size;
  }
}
