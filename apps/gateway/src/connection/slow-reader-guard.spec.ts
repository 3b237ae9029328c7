import { expect, test, vi } from 'vitest';
import { fakeConnection } from '../../fixture/connection-fixture.ts';
import { SlowReaderGuard } from './slow-reader-guard.ts';

const SLOW_BYTES = 1_000;

function makeGuarded() {
  const slowReaderCut = vi.fn<() => void>();
  const fake = fakeConnection();
  new SlowReaderGuard({ slow_reader_bytes: SLOW_BYTES, metrics: { slowReaderCut } }).guard(fake.wire);
  return { ...fake, slowReaderCut };
}

test('who has not taken more than allowed is cut at the next write, and counted once', () => {
  const { connection, wire, slowReaderCut } = makeGuarded();
  wire.bufferedAmount = SLOW_BYTES;
  connection.tell('session:heads', {});
  expect(wire).toMatchObject({ isCut: false, frames: [expect.anything()] });
  wire.bufferedAmount = SLOW_BYTES + 1;
  connection.tell('session:heads', {});
  connection.tell('session:heads', {});
  expect(wire).toMatchObject({ isCut: true, frames: [expect.anything()] });
  expect(slowReaderCut).toHaveBeenCalledOnce();
});

test("acknowledgements that wait in engine.io's own buffer count too", () => {
  const { wire } = makeGuarded();
  wire.writeBuffer = ['stuck'];
  // As socket.io writes them: text, past all that is ours.
  for (let count = 0; count < 10; count += 1) wire.write('x'.repeat(200), {});
  expect(wire.isCut).toBe(true);
  expect(wire.frames).toHaveLength(6);
});

test('frames and acknowledgements add up', () => {
  const { connection, wire } = makeGuarded();
  wire.writeBuffer = ['stuck'];
  for (let count = 0; count < 5; count += 1) {
    connection.write(new Uint8Array(200));
    wire.write('x'.repeat(200));
  }
  expect(wire.frames).toHaveLength(6);
});

test('what was taken is not counted any more', () => {
  const { connection, wire } = makeGuarded();
  for (let count = 0; count < 100; count += 1) connection.write(new Uint8Array(200));
  expect(wire.isCut).toBe(false);
});

test('a flood of pings whose pongs nobody reads is cut as well', () => {
  const { wire, slowReaderCut } = makeGuarded();
  wire.onPing();
  expect(wire.isCut).toBe(false);
  wire.bufferedAmount = SLOW_BYTES + 1;
  wire.onPing();
  wire.onPing();
  expect(wire.isCut).toBe(true);
  expect(slowReaderCut).toHaveBeenCalledOnce();
});
