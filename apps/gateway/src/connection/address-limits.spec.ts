import { expect, test } from 'vitest';
import { AddressLimits } from './address-limits.ts';

const options = { sockets_per_address: 4, handshakes_per_second_per_address: 2 };

test('handshakes beyond the rate are refused with a word, a flood without one; other addresses are not touched', () => {
  const limits = new AddressLimits(options);
  const answers = Array.from({ length: 6 }, () => limits.admit('1.1.1.1', 0));
  expect(answers).toEqual(['admitted', 'admitted', 'refused', 'refused', 'dropped', 'dropped']);
  expect(limits.admit('2.2.2.2', 0)).toBe('admitted');
  expect(limits.admit('1.1.1.1', 1_000)).toBe('admitted');
});

test('who holds all the sockets an address may have gets another one only when one closes', () => {
  const limits = new AddressLimits(options);
  for (let count = 0; count < 4; count += 1) limits.opened('1.1.1.1', 0);
  expect(limits.admit('1.1.1.1', 5_000)).toBe('refused');
  limits.closed('1.1.1.1');
  expect(limits.admit('1.1.1.1', 10_000)).toBe('admitted');
});

test('an address without sockets is forgotten once its buckets are full, one with sockets is not', () => {
  const limits = new AddressLimits(options);
  limits.admit('1.1.1.1', 0);
  limits.opened('2.2.2.2', 0);
  limits.sweep(500);
  expect(limits.size).toBe(2);
  limits.sweep(1_500);
  expect(limits.size).toBe(1);
  limits.closed('2.2.2.2');
  limits.sweep(1_500);
  expect(limits.size).toBe(0);
});
