import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SessionEvent, UpdateSessionBody } from '#libs/contracts';
import type { Caller } from '#libs/domain';
import type { AgentId, SessionId, TeamId, VisitorId } from '#libs/protocol';
import { outcomeOf, SessionFixture } from '../../fixture/session-fixture.ts';
import { newId } from '../database/ids.ts';

let fixture: SessionFixture;
let other_team: TeamId;
let anna: AgentId;
let session_id: SessionId;
let visitor_id: VisitorId;
beforeAll(async () => {
  fixture = await SessionFixture.open();
  other_team = await fixture.team({ name: 'Other' });
  anna = await fixture.agent(100);
});
afterAll(() => fixture.close());
beforeEach(async () => {
  ({ session_id, visitor_id } = await fixture.session());
  await fixture.commands.run(session_id, { type: 'accept' }, people.owner(), { id: anna });
});

const key = (...scopes: string[]): Caller => ({ kind: 'key', key_id: newId('key'), scopes, sender_names: [] });
const people = {
  owner: () => fixture.asAgent(anna),
  colleague: () => fixture.asAgent(newId('agt')),
  supervisor: () => fixture.asAgent(newId('agt'), { role: 'supervisor' }),
  'supervisor of another team': () => fixture.asAgent(newId('agt'), { role: 'supervisor', team_ids: [other_team] }),
  admin: () => fixture.asAgent(newId('agt'), { role: 'admin', team_ids: [] }),
  'key that writes': () => key('sessions:write'),
  'key that reads': () => key('sessions:read'),
  visitor: () => fixture.asVisitor(visitor_id),
};

const update = (body: UpdateSessionBody, caller: Caller = people.owner()) =>
  fixture.lifecycle.edits.update(session_id, body, caller, { id: 'test' });
const tag = (tags: string[], caller: Caller = people.owner()) =>
  fixture.lifecycle.edits.tag(session_id, tags, caller, { id: 'test' });
const close = () => fixture.commands.run(session_id, { type: 'close' }, people.owner(), { id: anna });

async function events(): Promise<SessionEvent[]> {
  await fixture.allTold();
  return fixture.published
    .filter(({ topic, key: subject }) => topic === 'chat.events.v1' && subject === session_id)
    .map(({ value }) => JSON.parse(String(value)) as SessionEvent);
}

describe('what a session needs', () => {
  test.each([
    ['owner', 'FORBIDDEN', 'serving'],
    ['colleague', 'NOT_FOUND', 'NOT_FOUND'],
    ['supervisor', 'serving', 'serving'],
    ['supervisor of another team', 'NOT_FOUND', 'NOT_FOUND'],
    ['admin', 'serving', 'serving'],
    ['key that writes', 'serving', 'serving'],
    ['key that reads', 'NOT_FOUND', 'NOT_FOUND'],
    ['visitor', 'FORBIDDEN', 'FORBIDDEN'],
  ] as const)('is set by %s: the priority %s, the rest %s', async (who, priority, rest) => {
    expect(await outcomeOf(update({ priority: 7 }, people[who]()))).toBe(priority);
    expect(await outcomeOf(update({ skills: ['tax'], language: 'en', category: 'returns' }, people[who]()))).toBe(rest);
    const row = await fixture.get(session_id);
    expect(row.priority === 7).toBe(priority === 'serving');
    expect(row.skills).toEqual(rest === 'serving' ? ['tax'] : []);
  });

  test('is one version, one event with the session as it is now, and one audit line; the state stays', async () => {
    const before = await fixture.get(session_id);
    await update({ priority: 7, category: 'returns' }, people.supervisor());
    const row = await fixture.get(session_id);
    expect(row).toMatchObject({ state: 'serving', version: before.version + 1, priority: 7, category: 'returns' });
    const last = (await events()).at(-1);
    expect(last).toMatchObject({ type: 'session.updated', version: row.version });
    expect(last?.data.session).toMatchObject({ priority: 7, category: 'returns', version: row.version });
    const [line] = await fixture.database.query(
      'SELECT actor, action, before_value, after_value FROM audit_log WHERE subject = ? ORDER BY audit_id DESC LIMIT 1',
      [session_id],
    );
    expect(line).toMatchObject({ actor: 'test', action: 'session.updated' });
  });

  test('nothing given is no change: no version, no event', async () => {
    const { version } = await fixture.get(session_id);
    expect(await update({})).toMatchObject({ version });
    expect((await events()).map(({ type }) => type)).not.toContain('session.updated');
  });

  test('attributes are merged: what is not named stays', async () => {
    await update({ attributes: { order: '7', plan: 'free' } });
    await update({ attributes: { plan: 'paid' } });
    expect((await fixture.get(session_id)).attributes).toEqual({ order: '7', plan: 'paid' });
  });

  test('of a closed one only the category and the attributes are still set', async () => {
    await close();
    expect(await outcomeOf(update({ category: 'returns', attributes: { order: '7' } }))).toBe('closed');
    for (const body of [{ priority: 1 }, { skills: ['tax'] }, { language: 'en' }, { team_id: other_team }]) {
      expect(await outcomeOf(update(body, people.admin()))).toBe('SESSION_CLOSED');
    }
    expect(await outcomeOf(update({ category: 'other', language: 'en' }))).toBe('SESSION_CLOSED');
    expect(await fixture.get(session_id)).toMatchObject({ category: 'returns', language: null });
  });

  test('another team is a transfer to it, with the fields, all or nothing; to the own team it is none', async () => {
    expect(await outcomeOf(update({ team_id: other_team }))).toBe('FORBIDDEN');
    expect(await outcomeOf(update({ team_id: newId('team'), category: 'x' }, people.admin()))).toBe('NOT_FOUND');
    expect(await fixture.get(session_id)).toMatchObject({ state: 'serving', category: null });
    const same = await update({ team_id: fixture.team_id, category: 'same' }, people.admin());
    expect(same).toMatchObject({ state: 'serving', category: 'same' });
    const moved = await update({ team_id: other_team, priority: 5 }, people.supervisor());
    expect(moved).toMatchObject({ state: 'waiting', team_id: other_team, agent: null, priority: 5 });
    expect((await fixture.getAgent(anna)).active).toBe(await held());
  });
});

/** Sessions that Anna serves. */
async function held(): Promise<number> {
  const [row] = await fixture.database.query(
    "SELECT COUNT(*) AS n FROM sessions WHERE agent_id = ? AND state IN ('serving', 'transferring')",
    [anna],
  );
  return Number(row?.['n']);
}

describe('tags', () => {
  test.each([
    ['owner', 'serving'],
    ['colleague', 'NOT_FOUND'],
    ['supervisor', 'serving'],
    ['admin', 'serving'],
    ['key that writes', 'serving'],
    ['key that reads', 'NOT_FOUND'],
  ] as const)('are set by %s: %s', async (who, outcome) => {
    expect(await outcomeOf(tag(['vip'], people[who]()))).toBe(outcome);
    expect((await fixture.get(session_id)).tags).toEqual(outcome === 'serving' ? ['vip'] : []);
  });

  test('replace those of before, each once, also of a closed session, and are told', async () => {
    await tag(['vip', 'new']);
    await close();
    const { version } = await fixture.get(session_id);
    expect(await tag(['done', 'done'])).toMatchObject({ tags: ['done'], version: version + 1, state: 'closed' });
    const last = (await events()).at(-1);
    expect(last).toMatchObject({ type: 'session.tagged', version: version + 1, data: { session: { tags: ['done'] } } });
  });
});
