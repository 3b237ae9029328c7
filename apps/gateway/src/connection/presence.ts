/**
 * Which agents are here: each gateway holds the lease of those who have a socket on it, and signals the colleagues when an
 * agent comes back, goes or falls silent. A status is chosen elsewhere and signalled by session; here it is only kept, so
 * that colleagues can be told it again after a silence or an absence.
 *
 * Guarantees: an agent with a socket anywhere is not signalled as gone while Redis answers; while it does not, nobody is
 * signalled as gone. No status is made up: what was never heard of is not signalled. A renewal never puts an old status
 * over a newer one: it only fills what Redis has lost, and learns what it holds.
 *
 * Lifecycle: the hold ends with the agent's last socket here, so that session knows at once to whom it can give something.
 * Colleagues are told `offline` a while later, if no gateway holds the agent by then: a reloaded page is no news. A gateway
 * that drains tells at once of those who had left before; who is closed by the drain itself is expected on another gateway
 * and keeps the hold, which runs out by itself.
 *
 * What stays possible: who was on a killed gateway, or is sent away by a drain and comes back nowhere, is never signalled
 * as gone. An agent whose status nobody has heard of is shown as gone after leaving, until the next choice.
 */
import type { Signal } from '#libs/contracts';
import type { Person } from '#libs/domain';
import { LEASE_SECONDS } from '#libs/redis';
import type { ChosenStatus, PresenceLeases } from './presence-leases.ts';

type Agent = Extract<Person, { kind: 'agent' }>;
type PresenceSignal = Extract<Signal, { type: 'presence' }>;

interface Present {
  agent: Agent;
  /** Undefined until it is heard of. */
  status: ChosenStatus | undefined;
  /** Whether Redis has yet to take the status: until then its own is the older one. */
  isUnsaved: boolean;
  sockets: number;
}
interface Leaving {
  agent: Agent;
  timer: NodeJS.Timeout;
}

/** Well within the shortest grace: a Redis that was emptied is filled again before it costs anybody a session. */
const RENEW_MS = 5_000;
const GONE_AFTER_MS = (LEASE_SECONDS + 1) * 1_000;

export class Presence {
  readonly #leases: PresenceLeases;
  readonly #signal: (signal: PresenceSignal) => void;
  readonly #present = new Map<string, Present>();
  /** Agents without a socket here who may be gone. */
  readonly #leaving = new Map<string, Leaving>();
  #timer: NodeJS.Timeout | undefined;
  #isDraining = false;

  constructor(leases: PresenceLeases, signal: (signal: PresenceSignal) => void) {
    this.#leases = leases;
    this.#signal = signal;
  }

  start(): void {
    this.#timer = setInterval(() => this.#renewAll(), RENEW_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const { timer } of this.#leaving.values()) clearTimeout(timer);
    this.#leaving.clear();
  }

  /** From now on, who is closed here goes to another gateway. */
  startDraining(): void {
    this.#isDraining = true;
  }

  /** Decides on those who left before the drain, as nobody is here to do it later. Never rejects. */
  async finishDraining(): Promise<void> {
    const leaving = [...this.#leaving.values()];
    for (const { timer } of leaving) clearTimeout(timer);
    await Promise.all(leaving.map(({ agent }) => this.#leave(agent)));
  }

  opened(agent: Agent): void {
    const { agent_id } = agent;
    clearTimeout(this.#leaving.get(agent_id)?.timer);
    this.#leaving.delete(agent_id);
    const known = this.#present.get(agent_id);
    if (known) {
      known.sockets += 1;
      return;
    }
    const present: Present = { agent, status: undefined, isUnsaved: false, sockets: 1 };
    this.#present.set(agent_id, present);
    void this.#arrive(present);
  }

  closed({ agent_id }: Agent): void {
    const present = this.#present.get(agent_id);
    if (!present) return;
    present.sockets -= 1;
    if (present.sockets > 0) return;
    this.#present.delete(agent_id);
    if (this.#isDraining) return;
    const { agent } = present;
    // Presence counts only while Redis answers; a hold that stays runs out.
    void this.#leases.release(agent_id).catch(() => undefined);
    this.#leaving.set(agent_id, { agent, timer: setTimeout(() => void this.#leave(agent), GONE_AFTER_MS) });
  }

  /**
   * A status was chosen, here or anywhere. Every gateway keeps it, of absent agents too: somebody has to know it when they
   * come. Hearing it again changes nothing.
   */
  chose(agent_id: string, status: ChosenStatus): void {
    const present = this.#present.get(agent_id);
    if (present?.status === status) return;
    if (!present) return void this.#leases.choose(agent_id, status).catch(() => undefined); // told again at the next choice
    present.status = status;
    present.isUnsaved = true;
    void this.#save(present, status);
  }

  /** Nobody is told of a silence after which there would be no status to go back to. */
  idle(agent: Agent): void {
    if (this.#present.get(agent.agent_id)?.status) this.#tell(agent, 'idle');
  }

  active(agent: Agent): void {
    const status = this.#present.get(agent.agent_id)?.status;
    if (status) this.#tell(agent, status);
  }

  /** Who was held until now was not away: colleagues need not be told. */
  async #arrive(present: Present): Promise<void> {
    const wasHere = await this.#hold(present);
    if (wasHere === false && present.status) this.#tell(present.agent, present.status);
  }

  async #leave(agent: Agent): Promise<void> {
    this.#leaving.delete(agent.agent_id);
    try {
      if (await this.#leases.release(agent.agent_id)) this.#tell(agent, 'offline');
    } catch {
      // Presence counts only while Redis answers.
    }
  }

  #renewAll(): void {
    for (const present of this.#present.values()) void this.#renew(present);
  }

  async #renew(present: Present): Promise<void> {
    if (present.isUnsaved && present.status) await this.#save(present, present.status);
    await this.#hold(present);
  }

  /** Whether the agent was held before; undefined when Redis is away: the next renewal tries again. */
  async #hold(present: Present): Promise<boolean | undefined> {
    try {
      const { wasHere, status } = await this.#leases.hold(present.agent.agent_id, present.status);
      if (!present.isUnsaved) present.status = status ?? present.status;
      return wasHere;
    } catch {
      return undefined;
    }
  }

  async #save(present: Present, status: ChosenStatus): Promise<void> {
    try {
      await this.#leases.choose(present.agent.agent_id, status);
      // Meanwhile another one may have been chosen.
      if (present.status === status) present.isUnsaved = false;
    } catch {
      // Redis is away: the next renewal tries again.
    }
  }

  #tell({ agent_id, team_ids }: Agent, status: PresenceSignal['status']): void {
    this.#signal({ type: 'presence', agent_id, status, team_ids: [...team_ids] });
  }
}
