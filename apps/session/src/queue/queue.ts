/**
 * The queue: gives waiting sessions to agents, first come first served within a priority.
 *
 * Guarantees: nobody above capacity (guarded increment), no session to two agents (its row lock and version), no overtaking
 * within a priority: a team is drained under its row lock, one assignment a transaction, by as many replicas as there are.
 * Who is passed over asks for what none of the free agents has, was declined by the one who is free a moment ago, or waits for
 * the team to open.
 *
 * Lifecycle: `kick` after whatever may free or fill a queue; one drain a team at a time in a process; a sweep each 10 s is
 * only the safety net, for kicks of replicas that died.
 */
import type { DataSource, EntityManager } from 'typeorm';
import { Refusal } from '#libs/contracts';
import type { Failpoints, Logger } from '#libs/observability';
import type { AgentId, SessionId, TeamId } from '#libs/protocol';
import { TeamMemberRow } from '../database/entities.ts';
import { transact } from '../database/transact.ts';
import { ENGINE } from '../lifecycle/audit.ts';
import { planCommand } from '../lifecycle/plan-command.ts';
import type { SessionsStore } from '../lifecycle/sessions.store.ts';
import type { Transitions } from '../lifecycle/transitions.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { type Candidate, chooseAgent, isEligible } from './choose-agent.ts';
import type { QueueStore, QueueTeam, Waiting } from './queue.store.ts';

const SWEEP_MS = 10_000;
/** Looked at together; who is at the front is served from the first of them as a rule. */
const PAGE = 50;

export interface QueueParts {
  store: QueueStore;
  sessions: SessionsStore;
  transitions: Transitions;
  outbox: Outbox;
  failpoints: Failpoints;
  /** Told of each team whose queue may have changed: positions move. */
  onMoved: (team_id: TeamId) => void;
  log: Logger;
}

export class Queue {
  readonly #dataSource: DataSource;
  readonly #parts: QueueParts;
  readonly #draining = new Map<TeamId, Promise<void>>();
  readonly #dirty = new Set<TeamId>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(dataSource: DataSource, parts: QueueParts) {
    this.#dataSource = dataSource;
    this.#parts = parts;
  }

  /** Drains the teams' queues soon; kicks during a drain make it look once more. */
  kick(...team_ids: readonly TeamId[]): void {
    for (const team_id of new Set(team_ids)) this.#kickOne(team_id);
  }

  /** For an agent who has a slot now, or is here: it is free for all teams of the agent. Never rejects. */
  async kickTeamsOf(agent_id: AgentId): Promise<void> {
    try {
      const teams = await this.#dataSource.manager.findBy(TeamMemberRow, { agent_id });
      this.kick(...teams.map(({ team_id }) => team_id));
    } catch (err) {
      // Whatever was done before this is done; the sweep finds what is free.
      this.#parts.log.warn({ err, agent_id }, 'the queues of an agent could not be found');
    }
  }

  start(): void {
    this.#timer = setInterval(() => void this.#sweep(), SWEEP_MS);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await Promise.all(this.#draining.values());
  }

  #kickOne(team_id: TeamId): void {
    if (this.#stopped) return;
    this.#dirty.add(team_id);
    if (this.#draining.has(team_id)) return;
    const drain = this.#drain(team_id).finally(() => {
      this.#draining.delete(team_id);
      // Kicked after the last look, or during one that failed.
      if (this.#dirty.has(team_id)) this.#kickOne(team_id);
    });
    this.#draining.set(team_id, drain);
  }

  async #sweep(): Promise<void> {
    try {
      const teams = await this.#dataSource.query<{ team_id: TeamId }[]>(
        "SELECT DISTINCT team_id FROM sessions WHERE state = 'waiting'",
      );
      this.kick(...teams.map(({ team_id }) => team_id));
    } catch (err) {
      this.#parts.log.warn({ err }, 'the queues could not be swept');
    }
  }

  async #drain(team_id: TeamId): Promise<void> {
    const { outbox, onMoved, log } = this.#parts;
    try {
      while (this.#dirty.delete(team_id)) {
        while (!this.#stopped && (await this.#assignNext(team_id))) outbox.kick();
        onMoved(team_id);
      }
    } catch (err) {
      log.warn({ err, team_id }, 'the queue could not be drained');
    }
  }

  /** False when nobody waits, or nobody can be given to anybody. */
  async #assignNext(team_id: TeamId): Promise<boolean> {
    try {
      return await transact(this.#dataSource, (tx) => this.#assign(tx, team_id));
    } catch (error) {
      // Another team's drain took the agent's last slot, or the agent left: the assignment is undone, and looked for anew.
      if (error instanceof Refusal && error.code === 'AGENT_FULL') return true;
      throw error;
    }
  }

  async #assign(tx: EntityManager, team_id: TeamId): Promise<boolean> {
    const { store, sessions, transitions, failpoints } = this.#parts;
    const team = await store.lockTeam(tx, team_id);
    const candidates = team ? await store.readCandidates(tx, team_id) : [];
    failpoints.hit('queue.in_drain');
    const match = team && candidates.length > 0 ? await this.#findMatch(tx, team, candidates) : undefined;
    if (!match) return false;
    const row = await sessions.lock(tx, match.waiting.session_id);
    // Closed, taken, moved or changed between the read and the lock: the next look finds who is to be served now.
    if (row?.state !== 'waiting' || row.version !== match.waiting.version) return true;
    const plan = planCommand(row, { type: 'assign', agent_id: match.agent.agent_id }, { kind: 'engine' }, {});
    if (!plan.ok || !plan.transition) throw new Error(`${row.session_id} waits and can not be assigned`);
    await transitions.apply(tx, row, plan.transition, ENGINE);
    return true;
  }

  async #findMatch(
    tx: EntityManager,
    team: QueueTeam,
    candidates: readonly Candidate[],
  ): Promise<{ waiting: Waiting; agent: Candidate } | undefined> {
    const { store } = this.#parts;
    const passed: SessionId[] = [];
    for (;;) {
      // Without those that were looked at, not behind so many: one that closes meanwhile would let another one be skipped.
      const page = await store.readWaiting(tx, team.team_id, { limit: PAGE, without: passed });
      passed.push(...page.map(({ session_id }) => session_id));
      for (const waiting of page) {
        if (waiting.is_offline && !team.is_open) continue;
        const { language, declined_by } = waiting;
        const need = { skills: [...team.skills, ...waiting.skills], language, declined_by };
        const eligible = candidates.filter((candidate) => isEligible(candidate, need));
        const strategy = waiting.returns_to_agent ? 'last_agent_first' : team.strategy;
        // Asked for only where there is a choice: a query for each of a thousand would be made under the team's lock.
        const isAsked = strategy === 'last_agent_first' && eligible.length > 1;
        const last_agent_id = isAsked ? await store.findLastAgent(tx, waiting.visitor_id) : null;
        const agent = chooseAgent(eligible, strategy, last_agent_id);
        if (agent) return { waiting, agent };
      }
      if (page.length < PAGE) return undefined;
    }
  }
}
