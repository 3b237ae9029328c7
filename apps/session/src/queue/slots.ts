import type { EntityManager } from 'typeorm';

/**
 * Takes one of the agent's slots; the statement is the guard. False when all are taken or the agent is gone.
 * @param onlyOnline for the engine: who is busy or away accepts by hand only
 */
export async function holdSlot(tx: EntityManager, agent_id: string, { onlyOnline = false } = {}): Promise<boolean> {
  const { affectedRows } = await tx.query<{ affectedRows: number }>(
    `UPDATE agents SET active = active + 1, last_assigned_at = NOW(6)
     WHERE agent_id = ? AND active < capacity AND disabled = 0 ${onlyOnline ? "AND status = 'online'" : ''}`,
    [agent_id],
  );
  return affectedRows === 1;
}

/** Gives a slot back; once for each session that leaves the agent, in that session's own transaction. */
export async function releaseSlot(tx: EntityManager, agent_id: string): Promise<void> {
  await tx.query('UPDATE agents SET active = active - 1 WHERE agent_id = ? AND active > 0', [agent_id]);
}
