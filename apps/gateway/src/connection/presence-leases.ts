import type { Signal } from '#libs/contracts';

export type PresenceStatus = Extract<Signal, { type: 'presence' }>['status'];
/** What an agent chooses; the others are seen, not chosen. */
export type ChosenStatus = Exclude<PresenceStatus, 'idle' | 'offline'>;

const chosen: readonly string[] = ['online', 'busy', 'away'] satisfies ChosenStatus[];

export function isChosenStatus(text: unknown): text is ChosenStatus {
  return typeof text === 'string' && chosen.includes(text);
}

export interface Lease {
  /** Whether any gateway, this one too, held the agent until now. */
  readonly wasHere: boolean;
  /** The last status that the cluster has heard of; undefined when it never has. */
  readonly status: ChosenStatus | undefined;
}

/**
 * What the gateways know together of an agent: which of them hold a socket, each for `LEASE_SECONDS`, and the status that
 * was chosen last. All of it may be lost at any time. Every call is atomic, has a deadline, and rejects when it fails.
 */
export abstract class PresenceLeases {
  /** Renews this gateway's hold. A status that is known already is kept: `status` only fills a gap. */
  abstract hold(agent_id: string, status: ChosenStatus | undefined): Promise<Lease>;
  /** Keeps the status that was chosen now, whether or not the agent is here. */
  abstract choose(agent_id: string, status: ChosenStatus): Promise<void>;
  /** Gives up this gateway's hold; true when no other gateway holds the agent. The status stays known. */
  abstract release(agent_id: string): Promise<boolean>;
}
