/** Redis keys, braces round the id for cluster slots, each with how long it lives. All of it may be lost. */
export const keys = {
  /** An agent's presence: a hold of each gateway with a socket (`LEASE_SECONDS`), and the last chosen status (30 days). */
  presence: (agent_id: string): string => `presence:{${agent_id}}`,
  /** Where a session's signals go, written by router; `ROUTE_SECONDS`. */
  route: (session_id: string): string => `route:{${session_id}}`,
} as const;

export const LEASE_SECONDS = 60;
export const ROUTE_SECONDS = 3_600;
