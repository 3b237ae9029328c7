import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Caller } from '#libs/domain';
import { outcomeOf, SessionFixture } from '../../fixture/session-fixture.ts';
import type { SessionCommand } from './plan-command.ts';

const ROUNDS = 100;
let fixture: SessionFixture;
beforeAll(async () => (fixture = await SessionFixture.open()));
afterAll(() => fixture.close());

const outcome = (session_id: string, command: SessionCommand, caller: Caller) =>
  outcomeOf(fixture.commands.run(session_id, command, caller, { id: 'test' }));

/** Slots as they are counted and as the sessions say; and one event and one audit line for each version. */
async function checkBooks(): Promise<void> {
  const agents = await fixture.database.query(
    `SELECT a.agent_id, a.active, (SELECT COUNT(*) FROM sessions s WHERE s.agent_id = a.agent_id
       AND s.state IN ('serving', 'transferring')) AS held FROM agents a`,
  );
  for (const { active, held } of agents) expect(Number(active)).toBe(Number(held));
  const lines = await fixture.database.query(
    `SELECT s.session_id, s.version, (SELECT COUNT(*) FROM audit_log l WHERE l.subject = s.session_id) AS audits FROM sessions s`,
  );
  for (const { version, audits } of lines) expect(Number(audits)).toBe(Number(version));
  await fixture.allTold();
  const told = new Map<string, number[]>();
  for (const { topic, key, value } of fixture.published) {
    if (topic !== 'chat.events.v1' || !key.startsWith('ses_')) continue;
    const { version } = JSON.parse(String(value)) as { version: number };
    told.set(key, [...(told.get(key) ?? []), version]);
  }
  for (const { session_id, version } of lines) {
    const versions = Array.from({ length: Number(version) }, (_, index) => index + 1);
    expect(told.get(String(session_id))).toEqual(versions);
  }
}

test(`two agents accept at once, ${ROUNDS} times: one serves, the other learns why`, async () => {
  const [anna, bo] = [await fixture.agent(1_000), await fixture.agent(1_000)];
  for (let round = 0; round < ROUNDS; round += 1) {
    const { session_id } = await fixture.session();
    const ends = await Promise.all(
      [anna, bo].map((agent) => outcome(session_id, { type: 'accept' }, fixture.asAgent(agent))),
    );
    expect(ends.toSorted()).toEqual(['STATE_CONFLICT', 'serving']);
  }
  await checkBooks();
}, 120_000);

test(`a transfer races with a close, ${ROUNDS} times: closed in the end, and the transfer was before it or refused`, async () => {
  const [anna, bo] = [await fixture.agent(1_000), await fixture.agent(1_000)];
  for (let round = 0; round < ROUNDS; round += 1) {
    const { session_id, visitor_id } = await fixture.session();
    await outcome(session_id, { type: 'accept' }, fixture.asAgent(anna));
    const [transfer, close] = await Promise.all([
      outcome(session_id, { type: 'transfer_to_agent', to_agent: bo }, fixture.asAgent(anna)),
      outcome(session_id, { type: 'close' }, fixture.asVisitor(visitor_id)),
    ]);
    expect(close).toBe('closed');
    expect(['transferring', 'SESSION_CLOSED']).toContain(transfer);
    expect(await fixture.get(session_id)).toMatchObject({ state: 'closed', transfer_to_agent_id: null });
  }
  await checkBooks();
}, 120_000);

test(`an accept races with the offer's end, ${ROUNDS} times: exactly one outcome`, async () => {
  const [anna, bo] = [await fixture.agent(1_000), await fixture.agent(1_000)];
  for (let round = 0; round < ROUNDS; round += 1) {
    const { session_id } = await fixture.session();
    await outcome(session_id, { type: 'accept' }, fixture.asAgent(anna));
    await outcome(session_id, { type: 'transfer_to_agent', to_agent: bo }, fixture.asAgent(anna));
    const expire = outcomeOf(fixture.commands.runAsEngine(session_id, { type: 'transfer_expire' }));
    const ends = await Promise.all([outcome(session_id, { type: 'transfer_accept' }, fixture.asAgent(bo)), expire]);
    const { agent_id } = await fixture.get(session_id);
    expect(ends).toEqual(agent_id === bo ? ['serving', 'STATE_CONFLICT'] : ['STATE_CONFLICT', 'serving']);
  }
  await checkBooks();
}, 120_000);
