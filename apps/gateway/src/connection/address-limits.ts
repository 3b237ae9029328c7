import { takeToken, type TokenBucket } from '#libs/domain';

export interface AddressLimitsOptions {
  readonly sockets_per_address: number;
  readonly handshakes_per_second_per_address: number;
}

/** `refused`: to be told so politely; `dropped`: a flood, for which an answer is too dear. */
export type Admission = 'admitted' | 'refused' | 'dropped';

interface Address extends TokenBucket {
  sockets: number;
  refusals: TokenBucket;
}

/** How many sockets an address holds here, and how fast it may open more. */
export class AddressLimits {
  readonly #options: AddressLimitsOptions;
  readonly #addresses = new Map<string, Address>();

  constructor(options: AddressLimitsOptions) {
    this.#options = options;
  }

  /** Judges a handshake before it is answered. */
  admit(name: string, now: number): Admission {
    const { sockets_per_address, handshakes_per_second_per_address: rate } = this.#options;
    const address = this.#find(name, now);
    // The answer to a refused handshake is a socket too, for a moment: these are counted and limited as well.
    const limit = { rate, burst: rate };
    if (address.sockets < sockets_per_address && takeToken(address, limit, now)) return 'admitted';
    const isRoomForRefusal = address.sockets < sockets_per_address + rate;
    return isRoomForRefusal && takeToken(address.refusals, limit, now) ? 'refused' : 'dropped';
  }

  opened(name: string, now: number): void {
    this.#find(name, now).sockets += 1;
  }

  closed(name: string): void {
    const address = this.#addresses.get(name);
    if (address) address.sockets -= 1;
  }

  /** Forgets addresses without sockets whose buckets are full again. */
  sweep(now: number): void {
    for (const [name, address] of this.#addresses) {
      if (address.sockets <= 0 && now - address.tokensAt > 1_000) this.#addresses.delete(name);
    }
  }

  get size(): number {
    return this.#addresses.size;
  }

  #find(name: string, now: number): Address {
    const known = this.#addresses.get(name);
    if (known) return known;
    const tokens = this.#options.handshakes_per_second_per_address;
    const address = { sockets: 0, tokens, tokensAt: now, refusals: { tokens, tokensAt: now } };
    this.#addresses.set(name, address);
    return address;
  }
}
