import type { EntityManager } from 'typeorm';
import type { AgentId, TeamId } from '#libs/protocol';
import type { QueueStore } from '../queue/queue.store.ts';
import type { CommandFacts, SessionCommand, TargetAgent } from './plan-command.ts';

/**
 * What has to be known of the agent and the team that a command is about.
 * @param team_id whose queue the session may enter
 */
export async function readCommandFacts(
  tx: EntityManager,
  store: QueueStore,
  command: SessionCommand,
  team_id: TeamId | undefined,
): Promise<CommandFacts> {
  const agent = 'to_agent' in command ? await readAgent(tx, command.to_agent) : undefined;
  const team = team_id === undefined ? undefined : await store.readTeam(tx, team_id);
  return { agent, team };
}

async function readAgent(tx: EntityManager, agent_id: AgentId): Promise<TargetAgent | undefined> {
  const [row] = await tx.query<{ active: number; capacity: number; is_present: number | string }[]>(
    'SELECT active, capacity, absent_since IS NULL AS is_present FROM agents WHERE agent_id = ? AND disabled = 0',
    [agent_id],
  );
  return row && { agent_id, active: row.active, capacity: row.capacity, is_present: Number(row.is_present) === 1 };
}
