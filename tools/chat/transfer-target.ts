import type { Colleague, Team } from '#libs/client';
import type { TransferBody } from '#libs/contracts';

export type FoundTarget = { ok: true; to: TransferBody } | { ok: false; text: string };

/** Names may hold spaces: the longest name that the text begins with is meant, and what follows it is the reason. */
export function findTransferTarget(text: string, agents: readonly Colleague[], teams: readonly Team[]): FoundTarget {
  const targets = [
    ...agents.map(({ agent_id, name }) => ({ id: agent_id, name, to: { to_agent: agent_id } })),
    ...teams.map(({ team_id, name }) => ({ id: team_id, name, to: { to_team: team_id } })),
  ];
  const fits = targets.flatMap((target) => {
    const length = Math.max(matchLength(text, target.id), matchLength(text, target.name));
    return length === 0 ? [] : [{ ...target, length }];
  });
  const longest = Math.max(...fits.map(({ length }) => length));
  const [meant, ...others] = fits.filter(({ length }) => length === longest);
  if (!meant) return { ok: false, text: 'no colleague or team is called that: /agents shows them' };
  if (others.length > 0) {
    const ids = [meant, ...others].map(({ id }) => id).join(', ');
    return { ok: false, text: `more than one is called ${meant.name}: say which by the id, ${ids}` };
  }
  const reason = text.slice(meant.length).trim();
  return { ok: true, to: { ...meant.to, ...(reason === '' ? {} : { reason }) } };
}

/** How much of the text is the name, a word of its own at the text's beginning, in whatever case; 0: it is not there. */
function matchLength(text: string, name: string): number {
  const begins = text.slice(0, name.length).toLowerCase() === name.toLowerCase();
  return begins && /^(\s|$)/.test(text.slice(name.length)) ? name.length : 0;
}
