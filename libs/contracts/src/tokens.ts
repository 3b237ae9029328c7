import { z } from 'zod';
import { agentId, channelId, teamId, visitorId } from './ids.ts';

/** Who a JSON Web Token (EdDSA, `kid` in the header) is for; `aud` keeps the two kinds apart. */
export const TOKEN_ISSUER = 'seqdesk';
export const AGENT_AUDIENCE = 'seqdesk/agent';
export const VISITOR_AUDIENCE = 'seqdesk/visitor';

export const agentRoles = ['agent', 'supervisor', 'admin'] as const;
export type AgentRole = (typeof agentRoles)[number];

export const agentClaims = z.object({
  sub: agentId,
  aud: z.literal(AGENT_AUDIENCE),
  role: z.enum(agentRoles),
  team_ids: z.array(teamId),
});
export const visitorClaims = z.object({ sub: visitorId, aud: z.literal(VISITOR_AUDIENCE), channel_id: channelId });
export type AgentClaims = z.output<typeof agentClaims>;
export type VisitorClaims = z.output<typeof visitorClaims>;
