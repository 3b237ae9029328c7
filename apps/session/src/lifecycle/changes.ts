/** Columns that a transition sets beside state and version, all in one UPDATE. */
export type Changes = Partial<
  Record<
    | 'agent_id'
    | 'team_id'
    | 'open_visitor_id'
    | 'close_reason'
    | 'category'
    | 'assigned_at'
    | 'closed_at'
    | 'enqueued_at'
    | 'queued_at'
    | 'is_offline'
    | 'declined_by'
    | 'declined_at'
    | 'transfer_to_agent_id'
    | 'transfer_reason'
    | 'transfer_expires_at'
    | 'is_origin_lost'
    | 'rating'
    | 'rating_comment'
    | 'priority'
    | 'skills'
    | 'language'
    | 'attributes'
    | 'tags'
    | 'due_at'
    | 'told',
    unknown
  >
>;

/** The database's clock, now or in some seconds. */
export class DatabaseTime {
  readonly plus_seconds: number;

  constructor(plus_seconds: number) {
    this.plus_seconds = plus_seconds;
  }
}
export const NOW = new DatabaseTime(0);
export const nowPlus = (seconds: number): DatabaseTime => new DatabaseTime(seconds);

/** The assignments of an UPDATE and their values; columns are constants of ours. */
export function toAssignments(changes: Changes): { sets: string[]; values: unknown[] } {
  const entries = Object.entries(changes);
  return {
    sets: entries.map(
      ([column, value]) => `${column} = ${value instanceof DatabaseTime ? 'NOW(6) + INTERVAL ? SECOND' : '?'}`,
    ),
    values: entries.map(([, value]) => toValue(value)),
  };
}

function toValue(value: unknown): unknown {
  if (value instanceof DatabaseTime) return value.plus_seconds;
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}
