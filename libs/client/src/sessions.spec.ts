import { expect, test, vi } from 'vitest';
import type { Session } from '#libs/contracts';
import type { Colleague } from './calls.ts';
import { Emitter } from './emitter.ts';
import { CallFailed } from './rest.ts';
import { type SessionEvents, Sessions } from './sessions.ts';

/** Without a socket: what the server has is found by asking only. */
function blocked(found: () => Session[]) {
  const events = new Emitter<SessionEvents>();
  const words = new Set<string>();
  const polled: string[] = [];
  const refreshed: string[] = [];
  const me = vi.fn(async () => ({ agent_id, role: 'agent' }) as unknown as Colleague);
  const sessions = new Sessions({
    rest: {
      session: async (session_id) => {
        refreshed.push(session_id);
        return found().find((session) => session.session_id === session_id) as Session;
      },
    },
    calls: {
      me,
      sessions: async (query) => ({
        items: found().filter(({ state }) => query?.state === undefined || query.state === state),
        next_cursor: null,
      }),
      queue: async () => [],
    },
    logs: {
      session_ids: ['a'],
      has: (session_id) => session_id === 'a',
      noticeHead: () => {},
      poll: (session_id) => polled.push(session_id),
      stopPolling: () => {},
      forget: () => {},
    },
    events,
    hasWords: (session_id) => words.has(session_id),
    isBlocked: () => true,
    random: () => 0,
    closing: new AbortController().signal,
  });
  const followUps: SessionEvents['follow_up'][] = [];
  events.on('follow_up', (followUp) => followUps.push(followUp));
  const offers: string[] = [];
  events.on('offer', ({ session }) => offers.push(session.session_id));
  return { sessions, words, polled, refreshed, followUps, offers, me };
}

const agent_id = 'agt_01m8e21ymqeq9be0kpbm8hvf4e';
const visitor = { visitor_id: 'vis_a', name: null };
const closed = { session_id: 'a', version: 4, state: 'closed', last_seq_id: 3, previous_session_id: null, visitor };
const next = { session_id: 'b', version: 1, state: 'waiting', last_seq_id: 1, previous_session_id: 'a', visitor };
const entryOf = (session_id: string) => ({ state: 'sent', message: { session_id } }) as never;

test('without a socket the session in which a word to a closed one appears is looked for, and polled', async () => {
  let answers = [closed] as unknown as Session[];
  const { sessions, words, polled, followUps } = blocked(() => answers);
  sessions.notice(closed as unknown as Session);
  words.add('a');
  sessions.noticeEntry(entryOf('a'));
  answers = [next, closed] as unknown as Session[];
  await vi.waitUntil(() => polled.includes('b'));
  expect(followUps).toEqual([]);
  words.delete('a');
  sessions.noticeWord({ session_id: 'b' } as never, entryOf('a'));
  expect(followUps).toEqual([{ previous_session_id: 'a', session_id: 'b' }]);
});

test('without a socket a session is read again when its log shows a transition', () => {
  const { sessions, refreshed } = blocked(() => [closed] as unknown as Session[]);
  sessions.noticePolled('a', [{ type: 'text' }] as never);
  expect(refreshed).toEqual([]);
  sessions.noticePolled('a', [{ type: 'text' }, { type: 'system' }] as never);
  expect(refreshed).toEqual(['a']);
});

test('without a socket what a person acts on is polled, and others’ sessions are not looked for', async () => {
  const foreign = { ...next, session_id: 'c', previous_session_id: null, visitor: { visitor_id: 'vis_c', name: null } };
  const { sessions, words, polled } = blocked(() => [foreign, next, closed] as unknown as Session[]);
  sessions.expect('d')({ ...next, session_id: 'd' } as unknown as Session);
  expect(polled).toEqual(['d']);
  words.add('a');
  sessions.notice(closed as unknown as Session);
  await vi.waitUntil(() => polled.includes('b'));
  expect(polled).not.toContain('c');
  words.delete('a');
});

test('without a socket an agent’s new sessions and offers are looked for, each told once', async () => {
  const served = { ...next, session_id: 'd', state: 'serving', agent: { agent_id, name: 'Me' } };
  const offered = {
    ...next,
    session_id: 'e',
    state: 'transferring',
    agent: { agent_id: 'agt_other', name: 'Other' },
    transfer: { from: 'agt_other', to_agent: agent_id, expires_at: '2026-01-01T00:00:30Z' },
  };
  const { sessions, polled, offers } = blocked(() => [served, offered] as unknown as Session[]);
  await sessions.lookAround();
  await sessions.lookAround();
  expect(sessions.open.map(({ session_id }) => session_id).toSorted()).toEqual(['d', 'e']);
  expect(polled).toEqual(expect.arrayContaining(['d', 'e']));
  expect(offers).toEqual(['e']);
});

test('without a socket a visitor is asked once who it is, and nothing is looked for', async () => {
  const { sessions, me } = blocked(() => [{ ...next, state: 'serving' }] as unknown as Session[]);
  me.mockRejectedValueOnce(new CallFailed({ code: 'UNAVAILABLE', message: '', retryable: true }));
  me.mockRejectedValueOnce(new CallFailed({ code: 'FORBIDDEN', message: '', retryable: false }));
  for (let looks = 0; looks < 4; looks += 1) await sessions.lookAround();
  expect(me).toHaveBeenCalledTimes(2);
  expect(sessions.open).toEqual([]);
});
