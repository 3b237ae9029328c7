/**
 * One authenticated socket, as everything behind the handshake sees it. There are thousands: it holds plain fields only, no
 * timers and no closures. It is its socket's `data`.
 */
import { errorCatalogue, type ErrorCode, type Locale } from '#libs/contracts';
import { type BucketLimit, idOf, type Person, takeToken, type TokenBucket } from '#libs/domain';
import { agentRoom, teamRoom, visitorRoom } from '#libs/protocol';
import { eventFrame } from '../pushing/ws-frame.ts';
import type { WheelEntry } from './timing-wheel.ts';

/** engine.io's socket, as much of it as is used here. Its writes are guarded: see slow-reader-guard.ts. */
export interface Wire {
  readonly readyState: string;
  /** Packets that wait because an earlier write has not been taken by the kernel yet. */
  readonly writeBuffer: readonly unknown[];
  readonly transport: { readonly socket: { readonly bufferedAmount: number; terminate(): void } };
  write(data: string, options: { compress: false; wsPreEncodedFrame: readonly Uint8Array[] }): unknown;
  close(): unknown;
}

export interface ConnectionOptions {
  readonly id: string;
  readonly person: Person;
  readonly isBinary: boolean;
  readonly locale: Locale;
  /** When its token expires, in milliseconds since 1970. */
  readonly expiresAt: number;
  readonly wire: Wire;
  /** Milliseconds since 1970, of a clock that never goes back. */
  readonly now: number;
  /** Tokens it begins with. */
  readonly burst: number;
}

export class Connection implements TokenBucket, WheelEntry {
  readonly id: string;
  readonly person: Person;
  readonly isBinary: boolean;
  readonly locale: Locale;
  readonly expiresAt: number;
  readonly #wire: Wire;
  /** When its person last did something, in milliseconds since 1970. */
  activeAt: number;
  /** Whether its silence has been told already. */
  isIdle = false;
  tokens: number;
  tokensAt: number;
  wheelNext: WheelEntry | undefined = undefined;
  wheelPrevious: WheelEntry | undefined = undefined;
  /** In which of the heartbeat's seconds it is told its heads. */
  headsSlot = 0;
  /** Sessions it watches; only supervisors and admins have any. */
  watched: readonly string[] = [];
  /** Events of its client that are not answered yet. */
  pending = 0;
  /** The delivery that met it last, so that none meets it twice. */
  metBy = 0;
  /** Frames collected for it in this turn of pushing. */
  outgoing: Uint8Array[] | undefined = undefined;
  #refusals: TokenBucket | undefined;

  constructor({ id, person, isBinary, locale, expiresAt, wire, now, burst }: ConnectionOptions) {
    this.id = id;
    this.person = person;
    this.isBinary = isBinary;
    this.locale = locale;
    this.expiresAt = expiresAt;
    this.#wire = wire;
    this.activeAt = now;
    this.tokens = burst;
    this.tokensAt = now;
  }

  get user_id(): string {
    return idOf(this.person);
  }

  get isOpen(): boolean {
    return this.#wire.readyState === 'open';
  }

  /** Writes whole frames; what is written to a closed one is lost, as every push may be. */
  write(frame: Uint8Array): void {
    this.#wire.write('', { compress: false, wsPreEncodedFrame: [frame] });
  }

  /** Sends an event of this connection's own. */
  tell(event: string, data: unknown): void {
    this.write(eventFrame(event, JSON.stringify(data)));
  }

  /** Notes that an event was beyond its rate. False: that has happened so often that it is no slip any more. */
  noteRefusal(limit: BucketLimit, now: number): boolean {
    this.#refusals ??= { tokens: limit.burst, tokensAt: now };
    return takeToken(this.#refusals, limit, now);
  }

  /** Says why, and closes. */
  end(code: ErrorCode): void {
    if (!this.isOpen) return;
    this.tell('error', errorEvent(code, this.locale));
    this.close();
  }

  /** Closes the WebSocket, so that stock clients reconnect by themselves; after a socket.io disconnect they would not. */
  close(): void {
    this.#wire.close();
  }
}

/** The rooms that come with the token. */
export function roomsOf(person: Person): string[] {
  if (person.kind === 'visitor') return [visitorRoom(person.visitor_id)];
  return [agentRoom(person.agent_id), ...person.team_ids.map(teamRoom)];
}

/** The `error` event's data; also what a refused handshake carries. */
export function errorEvent(code: ErrorCode, locale: Locale) {
  const { number, text, retryable } = errorCatalogue[code];
  return { code, number, message: text[locale], retryable };
}
