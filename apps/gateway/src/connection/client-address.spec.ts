import { expect, test } from 'vitest';
import { clientAddress, TrustedProxies } from './client-address.ts';

const nobody = new TrustedProxies([]);
const ours = new TrustedProxies(['10.0.0.0/8', '192.0.2.7', 'fd00::/8']);

test.each([
  ['without proxies the peer counts, whatever it says', '203.0.113.9', '1.2.3.4', nobody, '203.0.113.9'],
  ['a stranger is not believed', '203.0.113.9', '1.2.3.4', ours, '203.0.113.9'],
  ['a proxy of ours is believed', '10.1.2.3', '1.2.3.4', ours, '1.2.3.4'],
  ['what stands before the last true address was made up', '10.1.2.3', '6.6.6.6, 1.2.3.4', ours, '1.2.3.4'],
  ['a chain of our proxies is followed', '10.1.2.3', '1.2.3.4, 192.0.2.7', ours, '1.2.3.4'],
  ['only proxies: the first of them', '10.1.2.3', '10.9.9.9', ours, '10.9.9.9'],
  ['nonsense ends the chain', '10.1.2.3', '1.2.3.4, unknown', ours, '10.1.2.3'],
  ['IPv4 in IPv6 is IPv4', '::ffff:10.1.2.3', '::ffff:1.2.3.4', ours, '1.2.3.4'],
  ['IPv6 proxies count too', 'fd00::1', '2001:db8::1', ours, '2001:db8::1'],
  ['no header at all', '10.1.2.3', undefined, ours, '10.1.2.3'],
])('%s', (_name, peer, forwarded, trusted, address) => {
  expect(clientAddress(peer, forwarded, trusted)).toBe(address);
});
