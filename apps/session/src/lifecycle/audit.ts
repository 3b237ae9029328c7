import type { EntityManager } from 'typeorm';

/** Who did it, for the audit line: an id, or `engine`. */
export interface Actor {
  id: string;
  ip?: string | undefined;
}

/** The queue, the timers and the presence watch. */
export const ENGINE: Actor = { id: 'engine' };

/** Who did what to whom, in the transaction that does it. */
export async function writeAudit(
  tx: EntityManager,
  by: Actor,
  action: string,
  subject: string,
  before: unknown,
  after: unknown,
): Promise<void> {
  await tx.query(
    'INSERT INTO audit_log (actor, action, subject, before_value, after_value, ip) VALUES (?, ?, ?, ?, ?, ?)',
    [by.id, action, subject, before && JSON.stringify(before), after && JSON.stringify(after), by.ip ?? null],
  );
}
