/**
 * How a gateway leaves: everybody is told when to come back, spread over a while, so that the others are not run down; what
 * is under way is answered; then the connections are closed in slices.
 */
import type { ServerEvents } from '#libs/contracts';
import { setTimeout as delay } from 'node:timers/promises';
import { now } from './clock.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';

export interface DrainOptions {
  readonly connections: Connections;
  /** By then all are closed. */
  readonly drain_ms: number;
  readonly random: () => number;
}

/** How fast the crowd may arrive at the other gateways. */
const RECONNECTS_A_SECOND = 2_000;
const TOLD_A_TURN = 500;
const SLICE_MS = 50;
/** Of the whole time; the rest is for what is still under way. */
const SPREAD_SHARE = 0.6;

/** Resolves when no connection is left. */
export async function drainConnections({ connections, drain_ms, random }: DrainOptions): Promise<void> {
  const end = now() + drain_ms;
  const all = connections.all();
  const spread_ms = spreadFor(all.length, drain_ms);
  for (let from = 0; from < all.length; from += TOLD_A_TURN) {
    for (const connection of all.slice(from, from + TOLD_A_TURN)) tell(connection, random() * spread_ms);
    await delay(0);
  }
  const slices = Math.max(1, Math.ceil(spread_ms / SLICE_MS));
  const a_slice = Math.ceil(all.length / slices);
  for (let from = 0; from < all.length && now() < end; from += a_slice) {
    closeAnswered(all.slice(from, from + a_slice));
    await delay(SLICE_MS);
  }
  while (connections.size > 0 && now() < end) {
    closeAnswered(connections.all());
    await delay(SLICE_MS);
  }
  for (const connection of connections.all()) connection.close();
}

/** Over how many milliseconds a crowd of that size leaves. */
export function spreadFor(count: number, drain_ms: number): number {
  return Math.min(drain_ms * SPREAD_SHARE, (count / RECONNECTS_A_SECOND) * 1_000);
}

function tell(connection: Connection, wait_ms: number): void {
  const draining: ServerEvents['server:draining'] = { reconnect_after_ms: Math.round(wait_ms) };
  if (connection.isOpen) connection.tell('server:draining', draining);
}

/** Closing before the acknowledgement would make the client send again what is stored already: right, but needless. */
function closeAnswered(connections: readonly Connection[]): void {
  for (const connection of connections) if (connection.pending === 0) connection.close();
}
