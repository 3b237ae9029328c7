/**
 * Watches which agents are here, and takes their sessions from those who are gone for good.
 *
 * Here is who has a socket anywhere (a lease in Redis that the gateways hold) or has just called over REST, as clients do
 * where WebSocket is blocked. Who is not is absent from the moment at which a look finds it so; the engine gives them
 * nothing from then on, and their sessions go back to the queue when the grace is over.
 *
 * Guarantees: nobody is lost because of Redis. While it does not answer nobody is found absent, and the grace of who was
 * absent before begins anew with its return; after it was emptied the gateways renew their leases well within the grace.
 * Everything is in MySQL and compared there: any number of replicas may look at once, and none is needed to remember.
 *
 * Lifecycle: `start` looks each second.
 */
import type { DataSource, EntityManager } from 'typeorm';
import type { Logger } from '#libs/observability';
import type { AgentId, SessionId } from '#libs/protocol';
import { doEach } from '../jobs/each.ts';
import type { Job } from '../jobs/job.ts';
import { KickedJob } from '../jobs/kicked-job.ts';
import { ENGINE } from '../lifecycle/audit.ts';
import type { RunCommand } from '../lifecycle/run-command.ts';
import type { SessionReadRow } from '../lifecycle/sessions.store.ts';
import type { Agents } from '../people/agents.ts';
import type { Leases } from './leases.ts';

/** Each so many looks are at everybody. */
const EVERYBODY_LOOKS = 5;
/** Longer than a poll is held, 25 s: a client without a socket is here by its calls. */
const SEEN_SECONDS = 30;
/** Who could be given a session, or has one to lose: in the own hands or on offer. */
const HAS_TO_LOSE = `(status = 'online' OR active > 0
  OR agent_id IN (SELECT transfer_to_agent_id FROM sessions WHERE transfer_expires_at IS NOT NULL))`;

export interface PresenceWatchParts {
  leases: Leases;
  agents: Agents;
  commands: RunCommand;
  grace_seconds: number;
  log: Logger;
}

interface Watched {
  agent_id: AgentId;
  is_present: number | string;
  is_seen: number | string | null;
}

export class PresenceWatch implements Job {
  readonly #dataSource: DataSource;
  readonly #parts: PresenceWatchParts;
  readonly #looking: KickedJob;
  #isRedisAway = false;
  #looks = 0;

  constructor(dataSource: DataSource, parts: PresenceWatchParts) {
    this.#dataSource = dataSource;
    this.#parts = parts;
    this.#looking = new KickedJob('watching presence', () => this.look(), parts.log);
  }

  start(): void {
    this.#looking.start();
  }

  stop(): Promise<void> {
    return this.#looking.stop();
  }

  /** One look at everybody who could be given or could keep a session. */
  async look(): Promise<void> {
    const watched = await this.#dataSource.query<Watched[]>(
      `SELECT agent_id, absent_since IS NULL AS is_present, seen_at > NOW(6) - INTERVAL ${SEEN_SECONDS} SECOND AS is_seen
       FROM agents WHERE ${HAS_TO_LOSE} OR absent_since IS NULL ${this.#isForEverybody() ? 'OR disabled = 0' : ''}`,
    );
    const held = await this.#findHeld(watched.map(({ agent_id }) => agent_id));
    if (!held) return this.#beginGraceAnew();
    const isHere = ({ agent_id, is_seen }: Watched) => held.has(agent_id) || Number(is_seen) === 1;
    const came = watched.filter((agent) => isHere(agent) && Number(agent.is_present) === 0);
    const went = watched.filter((agent) => !isHere(agent) && Number(agent.is_present) === 1);
    await this.#parts.agents.noteConnected(came.map(({ agent_id }) => agent_id));
    await this.#noteWent(went.map(({ agent_id }) => agent_id));
    await this.#takeFromLost();
  }

  /** Who has nothing and is away is missed by nobody: looked at less often, though a connection is noticed at once. */
  #isForEverybody(): boolean {
    this.#looks += 1;
    return this.#looks % EVERYBODY_LOOKS === 0;
  }

  async #findHeld(agent_ids: readonly AgentId[]): Promise<ReadonlySet<AgentId> | undefined> {
    try {
      const held = await this.#parts.leases.findHeld(agent_ids);
      this.#isRedisAway = false;
      return held;
    } catch (err) {
      if (!this.#isRedisAway) this.#parts.log.warn({ err }, 'presence is not known: nobody counts as gone');
      this.#isRedisAway = true;
      return undefined;
    }
  }

  async #beginGraceAnew(): Promise<void> {
    await this.#dataSource.query(
      `UPDATE agents SET absent_since = NOW(6) WHERE absent_since IS NOT NULL AND ${HAS_TO_LOSE}`,
    );
  }

  async #noteWent(agent_ids: readonly AgentId[]): Promise<void> {
    if (agent_ids.length === 0) return;
    await this.#dataSource.query(
      'UPDATE agents SET absent_since = NOW(6) WHERE agent_id IN (?) AND absent_since IS NULL',
      [agent_ids],
    );
  }

  async #takeFromLost(): Promise<void> {
    const lost = await this.#dataSource.query<{ agent_id: AgentId; status: string }[]>(
      `SELECT agent_id, status FROM agents WHERE ${this.#isLost} AND ${HAS_TO_LOSE}`,
    );
    await doEach(lost, (agent) => this.#takeFrom(agent), { what: 'taking from who is gone', log: this.#parts.log });
  }

  async #takeFrom({ agent_id, status }: { agent_id: AgentId; status: string }): Promise<void> {
    // Who comes back finds nothing in the own hands and says anew that there is time.
    if (status === 'online') {
      const onlyIf = (tx: EntityManager) => this.#isStillLost(tx, agent_id);
      await this.#parts.agents.setStatus(agent_id, 'away', 'lost', ENGINE, { isSign: false, onlyIf });
    }
    await this.#takeSessions(agent_id);
  }

  async #takeSessions(agent_id: AgentId): Promise<void> {
    const sessions = await this.#dataSource.query<{ session_id: SessionId; is_own: number | string }[]>(
      `SELECT session_id, agent_id = ? AS is_own FROM sessions
       WHERE (agent_id = ? AND (state = 'serving' OR (state = 'transferring' AND is_origin_lost = 0)))
         OR (transfer_to_agent_id = ? AND state = 'transferring')`,
      [agent_id, agent_id, agent_id],
    );
    await doEach(
      sessions,
      async ({ session_id, is_own }) => {
        const type = Number(is_own) === 1 ? 'agent_lost' : 'transfer_target_lost';
        await this.#parts.commands.runAsEngine(session_id, { type }, async (tx, row) =>
          // Another replica may have taken it already, and a colleague may have it by now.
          isInHandsOf(agent_id, type, row) && (await this.#isStillLost(tx, agent_id)) ? {} : undefined,
        );
      },
      { what: 'taking a session from who is gone', log: this.#parts.log },
    );
  }

  async #isStillLost(tx: EntityManager, agent_id: AgentId): Promise<boolean> {
    const rows = await tx.query<unknown[]>(`SELECT 1 FROM agents WHERE agent_id = ? AND ${this.#isLost}`, [agent_id]);
    return rows.length > 0;
  }

  get #isLost(): string {
    return `absent_since <= NOW(6) - INTERVAL ${this.#parts.grace_seconds} SECOND`;
  }
}

/** Whether the session, as it is under its lock, still has that of the agent which is to be taken. */
function isInHandsOf(
  agent_id: AgentId,
  type: 'agent_lost' | 'transfer_target_lost',
  row: Pick<SessionReadRow, 'agent_id' | 'transfer_to_agent_id' | 'is_origin_lost'>,
): boolean {
  if (type === 'transfer_target_lost') return row.transfer_to_agent_id === agent_id;
  return row.agent_id === agent_id && !row.is_origin_lost;
}
