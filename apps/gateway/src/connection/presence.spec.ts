import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { agent as person, ids } from '../../fixture/connection-fixture.ts';
import { type ChosenStatus, type Lease, PresenceLeases } from './presence-leases.ts';
import { Presence } from './presence.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const LEASE_MS = 60_000;
if (person.kind !== 'agent') throw new Error('the fixture is no agent');
const agent = person;
const agent_id = ids.agent('1');

/** Redis in memory, as all gateways share it. */
class SharedMemory {
  isAway = false;
  readonly statuses = new Map<string, ChosenStatus>();
  readonly holds = new Map<string, number>();

  of(gateway: string): PresenceLeases {
    return new MemoryLeases(this, gateway);
  }
}

class MemoryLeases extends PresenceLeases {
  readonly #shared: SharedMemory;
  readonly #gateway: string;

  constructor(shared: SharedMemory, gateway: string) {
    super();
    this.#shared = shared;
    this.#gateway = gateway;
  }

  hold(id: string, status: ChosenStatus | undefined): Promise<Lease> {
    return this.#do(({ statuses, holds }) => {
      const wasHere = this.#isHeld(id);
      holds.set(`${id} ${this.#gateway}`, Date.now() + LEASE_MS);
      const kept = statuses.get(id) ?? status;
      if (kept) statuses.set(id, kept);
      return { wasHere, status: kept };
    });
  }

  choose(id: string, status: ChosenStatus): Promise<void> {
    return this.#do(({ statuses }) => void statuses.set(id, status));
  }

  release(id: string): Promise<boolean> {
    return this.#do(({ holds }) => {
      holds.delete(`${id} ${this.#gateway}`);
      return !this.#isHeld(id);
    });
  }

  #isHeld(id: string): boolean {
    return [...this.#shared.holds].some(([hold, end]) => hold.startsWith(id) && end > Date.now());
  }

  #do<Result>(work: (shared: SharedMemory) => Result): Promise<Result> {
    return this.#shared.isAway ? Promise.reject(new Error('away')) : Promise.resolve(work(this.#shared));
  }
}

function makeCluster() {
  const shared = new SharedMemory();
  const told: string[] = [];
  const start = (name: string) => {
    const presence = new Presence(shared.of(name), ({ status }) => told.push(`${name} ${status}`));
    presence.start();
    return presence;
  };
  return { shared, told, a: start('a'), b: start('b') };
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test('nobody is called online whose status is unknown, neither on arrival nor after a silence', async () => {
  const { told, a } = makeCluster();
  a.opened(agent);
  await pass(0);
  a.idle(agent);
  a.active(agent);
  expect(told).toEqual([]);
});

test('who comes back from an absence is told with the status of before, even on another gateway', async () => {
  const { told, a, b } = makeCluster();
  a.opened(agent);
  await pass(0);
  a.chose(agent_id, 'away');
  a.closed(agent);
  await pass(2 * LEASE_MS);
  b.opened(agent);
  await pass(0);
  expect(told).toEqual(['a offline', 'b away']);
});

test('a status that was chosen while the agent was away counts on arrival', async () => {
  const { told, a, b } = makeCluster();
  a.chose(agent_id, 'busy');
  await pass(0);
  b.opened(agent);
  await pass(0);
  expect(told).toEqual(['b busy']);
});

test('a reloaded page and a second gateway are no news', async () => {
  const { told, a, b } = makeCluster();
  a.chose(agent_id, 'online');
  a.opened(agent);
  await pass(0);
  told.length = 0;
  b.opened(agent);
  a.closed(agent);
  await pass(5_000);
  a.opened(agent);
  await pass(2 * LEASE_MS);
  expect(told).toEqual([]);
});

test('a renewal puts no old status over a newer one, and learns it', async () => {
  const { shared, told, a, b } = makeCluster();
  a.opened(agent);
  b.opened(agent);
  await pass(0);
  a.chose(agent_id, 'online');
  await pass(LEASE_MS);
  b.chose(agent_id, 'busy');
  await pass(LEASE_MS);
  expect(shared.statuses.get(agent_id)).toBe('busy');
  a.active(agent);
  expect(told).toEqual(['a busy']);
});

test('what was chosen while Redis was away is kept, and so is everything when Redis has lost it', async () => {
  const { shared, a } = makeCluster();
  a.opened(agent);
  a.chose(agent_id, 'online');
  await pass(0);
  shared.isAway = true;
  a.chose(agent_id, 'away');
  await pass(LEASE_MS);
  shared.isAway = false;
  await pass(LEASE_MS);
  expect(shared.statuses.get(agent_id)).toBe('away');
  shared.statuses.clear();
  await pass(LEASE_MS);
  expect(shared.statuses.get(agent_id)).toBe('away');
});

test('a drain decides on who had left before, unless another gateway holds the agent', async () => {
  const { told, a, b } = makeCluster();
  const elsewhere = { ...agent, agent_id: ids.agent('2') };
  a.opened(agent);
  a.opened(elsewhere);
  b.opened(elsewhere);
  await pass(30_000);
  a.closed(agent);
  a.closed(elsewhere);
  await pass(1_000);
  a.startDraining();
  await a.finishDraining();
  a.stop();
  await pass(2 * LEASE_MS);
  expect(told).toEqual(['a offline']);
});

test('who is sent away by a drain is not called gone, and arrives elsewhere without news', async () => {
  const { told, a, b } = makeCluster();
  a.opened(agent);
  a.chose(agent_id, 'online');
  await pass(0);
  told.length = 0;
  a.startDraining();
  a.closed(agent);
  await a.finishDraining();
  a.stop();
  await pass(3_000);
  b.opened(agent);
  await pass(2 * LEASE_MS);
  expect(told).toEqual([]);
});

test('while Redis is away nobody is called gone', async () => {
  const { shared, told, a } = makeCluster();
  a.opened(agent);
  await pass(0);
  shared.isAway = true;
  a.closed(agent);
  await pass(2 * LEASE_MS);
  expect(told).toEqual([]);
});
