import type { EntityManager } from 'typeorm';

/**
 * What holds for taking a slot: by hand there must be room (`room`); the engine gives it to who is online and here besides
 * (`online`); a supervisor may exceed the capacity (`any`).
 */
export type SlotRule = 'room' | 'online' | 'any';

const conditions: Record<SlotRule, string> = {
  room: 'AND active < capacity',
  online: "AND active < capacity AND status = 'online' AND absent_since IS NULL",
  any: '',
};

/** Takes one of the agent's slots; the statement is the guard. False when there is none, or the agent may take none. */
export async function holdSlot(tx: EntityManager, agent_id: string, rule: SlotRule): Promise<boolean> {
  const { affectedRows } = await tx.query<{ affectedRows: number }>(
    `UPDATE agents SET active = active + 1, last_assigned_at = NOW(6)
     WHERE agent_id = ? AND disabled = 0 ${conditions[rule]}`,
    [agent_id],
  );
  return affectedRows === 1;
}

/** Gives a slot back; once for each session that leaves the agent, in that session's own transaction. */
export async function releaseSlot(tx: EntityManager, agent_id: string): Promise<void> {
  await tx.query('UPDATE agents SET active = active - 1 WHERE agent_id = ? AND active > 0', [agent_id]);
}
