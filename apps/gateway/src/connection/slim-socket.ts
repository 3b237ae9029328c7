/**
 * What a socket keeps after it was let in. There are thousands, and much of what stock sockets hold served the handshake
 * only, or things that nobody does here, or is room to grow.
 *
 * Here insides are touched of socket.io, engine.io 6.6.11 (6.6.12 holds the HTTP request through a listener), ws and Node's
 * EventEmitter. slim-socket.spec.ts holds that they still are what is assumed, and that a slim socket works.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'socket.io';
import type { GuardedWire } from './slow-reader-guard.ts';

/** Node's EventEmitter: listeners by event. */
interface Emitter {
  _events: object;
}

/** ws' socket. */
type Line = GuardedWire['transport']['socket'] &
  Emitter & {
    readonly _receiver: { _mask: Uint8Array | undefined };
    listeners(event: 'error'): (() => void)[];
    off(event: 'error', listener: () => void): unknown;
  };

/** engine.io's socket; what it declares read-only is ours to replace. */
export interface SlimWire extends GuardedWire, Emitter {
  request: IncomingMessage | null;
  cleanupFn: (() => void)[];
  readonly transport: Emitter & { readonly socket: Line };
  on(event: 'heartbeat', listener: (this: SlimWire) => void): unknown;
}

const NO_HANDSHAKE = Object.freeze({});
/** Nobody asks a client for an acknowledgement; were it done, numbers would not meet: a namespace counts for all sockets. */
const NO_ACKS = new Map<number, never>();

/** To be called once, when all listeners are set. `onAny` hears every event and may be the same array for all sockets. */
export function slimSocket(
  socket: Pick<Socket, 'id' | 'nsp'>,
  wire: SlimWire,
  onAny: readonly ((...args: unknown[]) => void)[],
): void {
  const { transport } = wire;
  wire.request = null;
  // Arrays that grew by `push` have room for 17.
  wire.cleanupFn = [...wire.cleanupFn];
  wire.on('heartbeat', forgetMask);
  forgetUpgrade(transport.socket);
  Object.assign(socket, { handshake: NO_HANDSHAKE, acks: NO_ACKS, _anyListeners: onAny });
  // Rooms are our own; socket.io's are two sets for each socket.
  socket.nsp.adapter.delAll(socket.id);
  for (const emitter of [socket as unknown as Emitter, wire, transport, transport.socket]) pack(emitter);
}

/** The mask is a part of the last chunk that was read, and so holds all of it until the next frame. */
function forgetMask(this: SlimWire): void {
  this.transport.socket._receiver._mask = undefined;
}

/** It hears of errors until the transport does, and engine.io forgets to take it away. */
function forgetUpgrade(line: Line): void {
  for (const listener of line.listeners('error')) {
    if (listener.name === 'onUpgradeError') line.off('error', listener);
  }
}

/**
 * V8 makes a dictionary of an emitter's listeners; a copy is laid out once for all sockets. It has no prototype, as before: a
 * client's event names are looked up in it. Arrays in it are Node's own and stay what they are: they count who goes through.
 */
function pack(emitter: Emitter): void {
  emitter._events = Object.setPrototypeOf({ ...emitter._events }, null) as object;
}
