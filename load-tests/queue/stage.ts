/** The queue as it is in production, over a database of its own: replicas, teams, agents, and visitors who may come. */
import { setTimeout as delay } from 'node:timers/promises';
import type { TeamStrategy } from '#libs/contracts';
import type { Caller } from '#libs/domain';
import type { AgentId, TeamId, VisitorId } from '#libs/protocol';
import { SessionFixture } from '../../apps/session/fixture/session-fixture.ts';
import { newId } from '../../apps/session/src/database/ids.ts';
import { type PlannedAgent, type PlannedSession, type Shift, TEAMS } from './plan-shift.ts';

const REPLICAS = 3;
/** As much faster than in life as the services are. */
const AGEING_SECONDS = 10;
/** So that the replicas' sweeps don't fall on the same moments. */
const STAGGER_MS = 350;

export interface StagedAgent {
  readonly agent_id: AgentId;
  readonly capacity: number;
  readonly caller: Caller;
  /** Where its calls go. */
  readonly replica: SessionFixture;
}
export interface StagedSession extends PlannedSession {
  readonly visitor_id: VisitorId;
  readonly team_id: TeamId;
  readonly replica: SessionFixture;
}
export interface Stage {
  readonly replicas: readonly SessionFixture[];
  readonly agents: readonly StagedAgent[];
  readonly waiting: readonly StagedSession[];
  readonly arrivals: readonly StagedSession[];
  /** Over a connection of its own. */
  query(sql: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export async function setStage(strategy: TeamStrategy, shift: Shift): Promise<Stage> {
  const first = await SessionFixture.open();
  const replicas = [first];
  while (replicas.length < REPLICAS) replicas.push(await first.replica());
  const team_ids = [first.team_id];
  while (team_ids.length < TEAMS) team_ids.push(await first.team());
  await first.database.query('UPDATE teams SET strategy = ?, ageing_seconds = ?', [strategy, AGEING_SECONDS]);
  const agents: StagedAgent[] = [];
  for (const planned of shift.agents) agents.push(await stageAgent(planned, { replicas, team_ids }, agents.length));
  for (const { leases } of replicas) for (const { agent_id } of agents) leases.held.add(agent_id);
  const stageAll = (sessions: readonly PlannedSession[]) => stageSessions(sessions, { replicas, team_ids });
  const stage: Stage = {
    replicas,
    agents,
    waiting: await stageAll(shift.waiting),
    arrivals: await stageAll(shift.arrivals),
    query: (sql) => first.database.query(sql),
    close: async () => {
      for (const replica of replicas.toReversed()) await replica.close();
    },
  };
  for (const { lifecycle } of replicas) {
    for (const job of lifecycle.jobs) job.start();
    await delay(STAGGER_MS);
  }
  return stage;
}

interface Place {
  readonly replicas: readonly SessionFixture[];
  readonly team_ids: readonly TeamId[];
}

async function stageAgent(planned: PlannedAgent, place: Place, index: number): Promise<StagedAgent> {
  const team_ids = planned.team_indexes.map((team_index) => pick(place.team_ids, team_index));
  const replica = pick(place.replicas, index);
  const { capacity, skills } = planned;
  const agent_id = await replica.agent(capacity, { team_ids, skills: [...skills] });
  return { agent_id, capacity, replica, caller: { kind: 'agent', agent_id, role: 'agent', team_ids } };
}

/** Their visitors are known before, so that the shift itself is sessions only. */
async function stageSessions(sessions: readonly PlannedSession[], place: Place): Promise<StagedSession[]> {
  const [{ database, channel_id }] = place.replicas as [SessionFixture];
  const staged = sessions.map((planned, index) => ({
    ...planned,
    visitor_id: newId('vis'),
    team_id: pick(place.team_ids, planned.team_index),
    replica: pick(place.replicas, index),
  }));
  const now = new Date();
  await database.query('INSERT INTO visitors (visitor_id, channel_id, attributes, created_at, updated_at) VALUES ?', [
    staged.map(({ visitor_id }) => [visitor_id, channel_id, '{}', now, now]),
  ]);
  return staged;
}

function pick<T>(list: readonly T[], index: number): T {
  const found = list[index % list.length];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
}
