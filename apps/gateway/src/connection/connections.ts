import { type Connection, roomsOf } from './connection.ts';
import { watchRoom } from '#libs/protocol';
import type { Rooms } from './rooms.ts';

/** All authenticated sockets of this gateway, in their rooms and spread over the heartbeat's slots. */
export class Connections {
  readonly rooms: Rooms<Connection>;
  readonly #all = new Set<Connection>();
  readonly #slots: Set<Connection>[];
  #nextSlot = 0;

  /** @param slots how many slices the heartbeat's interval has */
  constructor(rooms: Rooms<Connection>, slots: number) {
    this.rooms = rooms;
    this.#slots = Array.from({ length: slots }, () => new Set<Connection>());
  }

  add(connection: Connection): void {
    this.#all.add(connection);
    for (const room of roomsOf(connection.person)) this.rooms.join(room, connection);
    // In turn, not by the time of arrival: a reconnecting crowd would all be told in one second ever after.
    this.#nextSlot = (this.#nextSlot + 1) % this.#slots.length;
    connection.headsSlot = this.#nextSlot;
    this.#slots[this.#nextSlot]?.add(connection);
  }

  remove(connection: Connection): void {
    this.#all.delete(connection);
    for (const room of roomsOf(connection.person)) this.rooms.leave(room, connection);
    for (const session_id of connection.watched) this.rooms.leave(watchRoom(session_id), connection);
    this.#slots[connection.headsSlot]?.delete(connection);
  }

  watch(connection: Connection, session_id: string): void {
    if (connection.watched.includes(session_id)) return;
    connection.watched = [...connection.watched, session_id];
    this.rooms.join(watchRoom(session_id), connection);
  }

  unwatch(connection: Connection, session_id: string): void {
    connection.watched = connection.watched.filter((watched) => watched !== session_id);
    this.rooms.leave(watchRoom(session_id), connection);
  }

  inSlot(slot: number): Connection[] {
    return [...(this.#slots[slot % this.#slots.length] ?? [])];
  }

  all(): Connection[] {
    return [...this.#all];
  }

  get size(): number {
    return this.#all.size;
  }
}
