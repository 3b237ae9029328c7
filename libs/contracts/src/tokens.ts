import { z } from 'zod';
import { agentId, channelId, teamId, visitorId } from './ids.ts';

/** Who a JSON Web Token (EdDSA, `kid` in the header) is for; `aud` keeps the two kinds apart. */
export const TOKEN_ALGORITHM = 'EdDSA';
export const TOKEN_ISSUER = 'seqdesk';
export const AGENT_AUDIENCE = 'seqdesk/agent';
export const VISITOR_AUDIENCE = 'seqdesk/visitor';

export const agentRoles = ['agent', 'supervisor', 'admin'] as const;
export type AgentRole = (typeof agentRoles)[number];

const agentClaims = z.object({
  sub: agentId,
  aud: z.literal(AGENT_AUDIENCE),
  role: z.enum(agentRoles),
  team_ids: z.array(teamId),
});
const visitorClaims = z.object({ sub: visitorId, aud: z.literal(VISITOR_AUDIENCE), channel_id: channelId });
export type AgentClaims = z.output<typeof agentClaims>;

/** Whom a token stands for; also how gateway tells session who asks. */
export const tokenBearer = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('agent'),
    agent_id: agentId,
    role: z.enum(agentRoles),
    team_ids: z.array(teamId).readonly(),
  }),
  z.strictObject({ kind: z.literal('visitor'), visitor_id: visitorId, channel_id: channelId }),
]);
export type TokenBearer = z.output<typeof tokenBearer>;

/** Reads the claims of a token whose signature is known to be right; undefined when they fit neither kind. */
export function readClaims(payload: unknown): TokenBearer | undefined {
  const agent = agentClaims.safeParse(payload).data;
  if (agent) return { kind: 'agent', agent_id: agent.sub, role: agent.role, team_ids: agent.team_ids };
  const visitor = visitorClaims.safeParse(payload).data;
  return visitor && { kind: 'visitor', visitor_id: visitor.sub, channel_id: visitor.channel_id };
}
