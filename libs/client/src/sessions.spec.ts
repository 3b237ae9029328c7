import { expect, test, vi } from 'vitest';
import type { Session } from '#libs/contracts';
import { Emitter } from './emitter.ts';
import { type SessionEvents, Sessions } from './sessions.ts';

/** Without a socket: what the server has is found by asking only. */
function blocked(found: () => Session[]) {
  const events = new Emitter<SessionEvents>();
  const words = new Set<string>();
  const polled: string[] = [];
  const refreshed: string[] = [];
  const sessions = new Sessions({
    rest: {
      session: async (session_id) => {
        refreshed.push(session_id);
        return found().find((session) => session.session_id === session_id) as Session;
      },
    },
    calls: { sessions: async () => ({ items: found(), next_cursor: null }), queue: async () => [] },
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
  return { sessions, words, polled, refreshed, followUps };
}

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
