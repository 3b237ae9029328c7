/**
 * The one place that every write to a socket passes: pushes, acknowledgements, heads, refusals of handshakes.
 *
 * Guarantees: what waits for one reader stays below the limit and one packet more. Without it a client that reads nothing,
 * but sends its pongs, could make its gateway keep acknowledgements without end.
 *
 * How: engine.io's `write` is replaced on each socket by a check before its twin `send`; socket.io and we call `write` only.
 * Pongs of the WebSocket protocol are answered by ws itself, below engine.io; so a ping makes the check too.
 */
import type { Wire } from './connection.ts';
import type { GatewayMetrics } from './gateway-metrics.ts';

export interface SlowReaderGuardOptions {
  /** A socket with more than this waiting to be written is cut. */
  readonly slow_reader_bytes: number;
  readonly metrics: Pick<GatewayMetrics, 'slowReaderCut'>;
}

interface WriteOptions {
  readonly wsPreEncodedFrame?: readonly Uint8Array[];
}

/** ws' socket. */
interface Line {
  readonly bufferedAmount: number;
  terminate(): void;
  on(event: 'ping', listener: (this: Line) => void): unknown;
  off(event: 'ping', listener: (this: Line) => void): unknown;
}

/** engine.io's socket, as much of it as is guarded. */
export interface GuardedWire extends Omit<Wire, 'write'> {
  readonly transport: { readonly socket: Line };
  write(data: unknown, options?: WriteOptions): unknown;
  send(data: unknown, options?: WriteOptions): unknown;
  /** Bytes of the packets in `writeBuffer`; meaningless while that is empty. */
  waitingBytes: number;
}

export class SlowReaderGuard {
  readonly #write: (this: GuardedWire, data: unknown, options?: WriteOptions) => unknown;
  readonly #onPing: (this: Line) => void;

  constructor({ slow_reader_bytes, metrics }: SlowReaderGuardOptions) {
    // One function each for all sockets.
    this.#write = function write(data, options) {
      const { socket } = this.transport;
      const waiting = this.writeBuffer.length === 0 ? 0 : this.waitingBytes;
      if (waiting + socket.bufferedAmount > slow_reader_bytes) {
        // It closes a moment later; until then nothing more is kept for it, and it is not counted again.
        this.write = keepNothing;
        metrics.slowReaderCut();
        return socket.terminate();
      }
      this.waitingBytes = waiting + sizeOf(data, options);
      return this.send(data, options);
    };
    this.#onPing = function onPing() {
      if (this.bufferedAmount <= slow_reader_bytes) return;
      // ws goes on reading what has come in already.
      this.off('ping', onPing);
      metrics.slowReaderCut();
      this.terminate();
    };
  }

  guard(wire: GuardedWire): void {
    wire.waitingBytes = 0;
    wire.write = this.#write;
    wire.transport.socket.on('ping', this.#onPing);
  }
}

function keepNothing(): void {
  // what is written to a cut socket is lost
}

function sizeOf(data: unknown, options: WriteOptions | undefined): number {
  let size = typeof data === 'string' || data instanceof Uint8Array ? data.length : 0;
  for (const frame of options?.wsPreEncodedFrame ?? []) size += frame.length;
  return size;
}
