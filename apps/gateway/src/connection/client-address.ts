import { BlockList, isIP } from 'node:net';

/** Tells whether an address is one of our own reverse proxies. */
export class TrustedProxies {
  readonly #list = new BlockList();
  readonly #isEmpty: boolean;

  /** @param proxies addresses and networks (`10.0.0.0/8`), as configuration has checked them */
  constructor(proxies: readonly string[]) {
    this.#isEmpty = proxies.length === 0;
    for (const proxy of proxies) {
      const [address = '', bits] = proxy.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(bits), family);
    }
  }

  has(address: string): boolean {
    if (this.#isEmpty) return false;
    return this.#list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
}

/**
 * The address a connection truly comes from: the peer, or, as far as the chain behind it consists of trusted proxies, who
 * stands before them in X-Forwarded-For. What an untrusted peer says of itself counts for nothing.
 */
export function clientAddress(
  peer: string | undefined,
  forwarded: string | undefined,
  trusted: TrustedProxies,
): string {
  let address = plainAddress(peer ?? '');
  const chain = forwarded?.split(',') ?? [];
  for (let index = chain.length - 1; index >= 0 && trusted.has(address); index -= 1) {
    const next = plainAddress((chain[index] ?? '').trim());
    if (isIP(next) === 0) break;
    address = next;
  }
  return address;
}

/** IPv4 in IPv6's clothes is IPv4: else one machine would count as two. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
