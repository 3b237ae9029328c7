/** One shift on a stage: who waits is there, the agents come, visitors come and are served, agents take breaks. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Event, topics } from '#libs/contracts';
import type { Caller } from '#libs/domain';
import type { TopicRecord } from '#libs/kafka';
import type { SessionId } from '#libs/protocol';
import { newId } from '../../apps/session/src/database/ids.ts';
import type { Look } from './fairness.ts';
import { look } from './look.ts';
import type { PlannedBreak } from './plan-shift.ts';
import type { Stage, StagedAgent, StagedSession } from './stage.ts';

const LOOK_EVERY_MS = 200;
const OPENED_AT_ONCE = 24;
/** After the last arrival everybody must have been served by then. */
const REST_LIMIT_MS = 60_000;

export interface ShiftRecord {
  readonly looks: readonly Look[];
  /** How often an assignment was told again: of several relays each may publish what another one publishes too. */
  readonly repeated: number;
  /** What went wrong, of every call. */
  readonly failures: readonly string[];
}

/** Opens the sessions that wait at the start, runs the shift until the last one is served, and ends it there. */
export async function runShift(stage: Stage, breaks: readonly PlannedBreak[]): Promise<ShiftRecord> {
  const shift = new RunningShift(stage);
  await shift.openWaiting();
  await shift.run(breaks);
  return shift;
}

class RunningShift implements ShiftRecord {
  readonly looks: Look[] = [];
  readonly failures: string[] = [];
  repeated = 0;
  readonly #stage: Stage;
  readonly #sessions: ReadonlyMap<string, StagedSession>;
  readonly #agents: ReadonlyMap<string, StagedAgent>;
  readonly #begun = new Set<SessionId>();
  readonly #services = new Set<NodeJS.Timeout>();
  readonly #calls = new Set<Promise<void>>();
  #start_ms = 0;
  #isOver = false;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#sessions = new Map([...stage.waiting, ...stage.arrivals].map((one) => [one.visitor_id, one]));
    this.#agents = new Map(stage.agents.map((one) => [one.agent_id, one]));
    for (const replica of stage.replicas) replica.publish = async (records) => this.#hear(records);
  }

  async openWaiting(): Promise<void> {
    const left = [...this.#stage.waiting];
    const work = async () => {
      for (let next = left.shift(); next; next = left.shift()) await this.#call('open', open(next));
    };
    await Promise.all(Array.from({ length: OPENED_AT_ONCE }, work));
  }

  async run(breaks: readonly PlannedBreak[]): Promise<void> {
    const { agents, arrivals } = this.#stage;
    this.#start_ms = performance.now();
    const looking = this.#keepLooking();
    for (const agent of agents) this.#do('come', setStatus(agent, 'online'));
    const resting = this.#takeBreaks(breaks);
    for (const arrival of arrivals) {
      await this.#until(arrival.at_ms);
      this.#do('open', open(arrival));
    }
    await resting;
    await this.#untilNobodyWaits();
    this.#isOver = true;
    for (const service of this.#services) clearTimeout(service);
    await looking;
    await Promise.all(this.#calls);
  }

  /** Where a screen would learn of its new session. */
  #hear(records: readonly TopicRecord[]): void {
    for (const { topic, value } of records) {
      if (topic !== topics.events.name) continue;
      const event = JSON.parse(String(value)) as Event;
      if (event.type !== 'session.assigned' || this.#isOver) continue;
      if (this.#begun.has(event.session_id)) {
        this.repeated += 1;
        continue;
      }
      const { visitor, agent } = event.data.session;
      const session = this.#sessions.get(visitor.visitor_id);
      const by = agent && this.#agents.get(agent.agent_id);
      this.#begun.add(event.session_id);
      if (session && by) this.#serve(event.session_id, session.service_ms, by);
      else this.failures.push(`hear: ${event.session_id} is of nobody on this stage`);
    }
  }

  #serve(session_id: SessionId, service_ms: number, { caller, agent_id, replica }: StagedAgent): void {
    const service = setTimeout(() => {
      this.#services.delete(service);
      this.#do('close', replica.commands.run(session_id, { type: 'close' }, caller, { id: agent_id }));
    }, service_ms);
    this.#services.add(service);
  }

  async #takeBreaks(breaks: readonly PlannedBreak[]): Promise<void> {
    const take = async ({ agent_index, at_ms, until_ms }: PlannedBreak) => {
      const agent = this.#stage.agents[agent_index];
      if (!agent) throw new Error(`there is no agent ${agent_index}`);
      await this.#until(at_ms);
      await this.#call('go', setStatus(agent, 'busy'));
      await this.#until(until_ms);
      await this.#call('come back', setStatus(agent, 'online'));
    };
    await Promise.all(breaks.map(take));
  }

  async #keepLooking(): Promise<void> {
    while (!this.#isOver) {
      const at_ms = this.#now();
      this.looks.push({ at_ms, ...(await look(this.#stage)) });
      await this.#until(at_ms + LOOK_EVERY_MS);
    }
  }

  async #untilNobodyWaits(): Promise<void> {
    const limit_ms = this.#now() + REST_LIMIT_MS;
    while (this.#now() < limit_ms) {
      await Promise.all(this.#calls);
      if ((await look(this.#stage)).waiting === 0) return;
      await delay(LOOK_EVERY_MS);
    }
  }

  #now(): number {
    return performance.now() - this.#start_ms;
  }

  async #until(at_ms: number): Promise<void> {
    const left_ms = at_ms - this.#now();
    if (left_ms > 0) await delay(left_ms);
  }

  #do(what: string, call: Promise<unknown>): void {
    const done = this.#call(what, call).finally(() => this.#calls.delete(done));
    this.#calls.add(done);
  }

  async #call(what: string, call: Promise<unknown>): Promise<void> {
    try {
      await call;
    } catch (error) {
      this.failures.push(`${what}: ${String(error)}`);
    }
  }
}

/** A program that hands its visitors over: it says what they need while they are with its bot. */
const key_id = newId('key');
const PROGRAM: Caller = { kind: 'key', key_id, scopes: ['sessions:write'], sender_names: [] };

/** Wishes are said before the session enters the queue: so it has the same ones as long as it waits. */
async function open({ replica, visitor_id, team_id, priority, skills }: StagedSession): Promise<void> {
  const { channel_id, opening, commands, lifecycle } = replica;
  const hasWishes = priority > 0 || skills.length > 0;
  const by = hasWishes ? { id: key_id } : { id: visitor_id };
  const origin = hasWishes ? 'api' : 'visitor';
  const { session_id } = await opening.open({ visitor_id, channel_id, team_id, origin, by, beginsWithBot: hasWishes });
  if (!hasWishes) return;
  await lifecycle.edits.update(session_id, { priority, skills: [...skills] }, PROGRAM, by);
  await commands.run(session_id, { type: 'request_human' }, PROGRAM, by);
}

function setStatus({ replica, agent_id }: StagedAgent, status: 'online' | 'busy'): Promise<void> {
  return replica.agents.setStatus(agent_id, status, undefined, { id: agent_id });
}
