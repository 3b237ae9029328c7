/** Room names are identities; the server joins them at the handshake, and a client can ask for none. */
export const visitorRoom = (visitor_id: string): string => `visitor:${visitor_id}`;
export const agentRoom = (agent_id: string): string => `agent:${agent_id}`;
export const teamRoom = (team_id: string): string => `team:${team_id}`;
export const watchRoom = (session_id: string): string => `watch:${session_id}`;
