const NOBODY: ReadonlySet<never> = new Set();

/** Who is in which room on this gateway. A room exists as long as somebody is in it. */
export class Rooms<Member> {
  readonly #rooms = new Map<string, Set<Member>>();

  join(room: string, member: Member): void {
    const members = this.#rooms.get(room);
    if (members) members.add(member);
    else this.#rooms.set(room, new Set([member]));
  }

  leave(room: string, member: Member): void {
    const members = this.#rooms.get(room);
    if (members?.delete(member) && members.size === 0) this.#rooms.delete(room);
  }

  membersOf(room: string): ReadonlySet<Member> {
    return this.#rooms.get(room) ?? NOBODY;
  }

  get size(): number {
    return this.#rooms.size;
  }
}
