import type { TeamStrategy } from '#libs/contracts';
import type { AgentId } from '#libs/protocol';

/** An agent of the team who is online and present and has a free slot. */
export interface Candidate {
  readonly agent_id: AgentId;
  readonly active: number;
  readonly capacity: number;
  /** Seconds since 1970 of the database's clock; null when nothing was ever assigned. */
  readonly last_assigned: number | null;
  readonly skills: readonly string[];
  /** Language tags; empty means that nobody has said which, and any will do. */
  readonly languages: readonly string[];
}

/** What a waiting session asks of the agent who is to serve it. */
export interface Need {
  readonly skills: readonly string[];
  readonly language: string | null;
  /** Who has just declined it, or let it lie. */
  readonly declined_by: AgentId | null;
}

type Compare = (one: Candidate, other: Candidate, last_agent_id: AgentId | null) => number;

const byId: Compare = (one, other) => (one.agent_id < other.agent_id ? -1 : Number(one.agent_id > other.agent_id));
const byRest: Compare = (one, other) => (one.last_assigned ?? 0) - (other.last_assigned ?? 0);
const byLoad: Compare = (one, other) => one.active / one.capacity - other.active / other.capacity;
const byAcquaintance: Compare = (one, other, last_agent_id) =>
  Number(other.agent_id === last_agent_id) - Number(one.agent_id === last_agent_id);

/** In which order each strategy prefers agents; the first comparison that tells two apart decides. */
const preferences: Record<TeamStrategy, readonly Compare[]> = {
  least_loaded: [byLoad, byRest, byId],
  round_robin: [byRest, byId],
  last_agent_first: [byAcquaintance, byLoad, byRest, byId],
};

/**
 * The one among those who may serve a session whom the strategy prefers; undefined when there is nobody.
 * @param last_agent_id who served this visitor last
 */
export function chooseAgent(
  eligible: readonly Candidate[],
  strategy: TeamStrategy,
  last_agent_id: AgentId | null,
): Candidate | undefined {
  const compare = (one: Candidate, other: Candidate) => {
    for (const by of preferences[strategy]) {
      const order = by(one, other, last_agent_id);
      if (order !== 0) return order;
    }
    return 0;
  };
  return eligible.toSorted(compare)[0];
}

/** Whether the agent may serve the session. */
export function isEligible({ agent_id, active, capacity, skills, languages }: Candidate, need: Need): boolean {
  if (active >= capacity || agent_id === need.declined_by) return false;
  return need.skills.every((skill) => skills.includes(skill)) && speaks(languages, need.language);
}

/** `zh` and `zh-CN` understand each other; another script or region is no other language here. */
function speaks(languages: readonly string[], wanted: string | null): boolean {
  if (wanted === null || languages.length === 0) return true;
  return languages.some((language) => primary(language) === primary(wanted));
}

function primary(tag: string): string {
  return tag.toLowerCase().split('-')[0] ?? '';
}
