import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Conversation, planTimers, type TimedSession, type TimerSettings } from './plan-timers.ts';

const MINUTE = 60_000;
const off: TimerSettings = {
  waiting_seconds: 0,
  remind_seconds: 0,
  close_seconds: 0,
  unseen_seconds: 0,
  first_reply_seconds: 0,
  next_reply_seconds: 0,
};
const serving: TimedSession = {
  state: 'serving',
  origin: 'visitor',
  is_offline: false,
  opened_at: 0,
  queued_at: null,
  assigned_at: 0,
  told: {},
};
const waiting: TimedSession = { ...serving, state: 'waiting', queued_at: 0, assigned_at: null };
const quiet: Conversation = {
  last: null,
  has_visitor_spoken: false,
  has_agent_replied: false,
  unanswered: null,
  unseen: null,
};
const byAgent = (seq_id: number, at: number): Conversation => ({
  ...quiet,
  last: { seq_id, at, sender_role: 'agent' },
  has_visitor_spoken: true,
  has_agent_replied: true,
});
const byVisitor = (seq_id: number, at: number): Conversation => ({
  ...byAgent(seq_id, at),
  last: { seq_id, at, sender_role: 'visitor' },
  unanswered: { seq_id, at },
});

describe('waiting too long', () => {
  const settings = { ...off, waiting_seconds: 180 };
  test('is told once in each stay', () => {
    expect(planTimers(waiting, quiet, settings, 3 * MINUTE - 1)).toEqual({ due: [], told: {}, look_at: 3 * MINUTE });
    const told = planTimers(waiting, quiet, settings, 3 * MINUTE);
    expect(told).toEqual({ due: ['offer_message'], told: { waiting: 0 }, look_at: null });
    expect(planTimers({ ...waiting, told: told.told }, quiet, settings, 99 * MINUTE).due).toEqual([]);
    const again = { ...waiting, told: told.told, queued_at: 50 * MINUTE };
    expect(planTimers(again, quiet, settings, 53 * MINUTE).due).toEqual(['offer_message']);
  });
  test('is nobody who knows that the team is closed', () => {
    expect(planTimers({ ...waiting, is_offline: true }, quiet, settings, 99 * MINUTE).due).toEqual([]);
  });
});

describe('a silent visitor', () => {
  const settings = { ...off, remind_seconds: 300, close_seconds: 600 };
  const session = (told: TimedSession['told']) => ({ ...serving, told });

  test('is reminded, then the session closes', () => {
    const talk = byAgent(4, MINUTE);
    expect(planTimers(serving, talk, settings, 2 * MINUTE)).toEqual({ due: [], told: {}, look_at: 6 * MINUTE });
    const first = planTimers(serving, talk, settings, 6 * MINUTE);
    expect(first).toEqual({
      due: ['remind'],
      told: { reminded: { seq_id: 4, at: 6 * MINUTE } },
      look_at: 11 * MINUTE,
    });
    expect(planTimers(session(first.told), talk, settings, 11 * MINUTE - 1).due).toEqual([]);
    expect(planTimers(session(first.told), talk, settings, 11 * MINUTE).due).toEqual(['close']);
  });

  test('who speaks again is not closed, and is reminded anew', () => {
    const told = { reminded: { seq_id: 4, at: 6 * MINUTE } };
    expect(planTimers(session(told), byVisitor(5, 7 * MINUTE), settings, 20 * MINUTE)).toMatchObject({
      due: [],
      look_at: 25 * MINUTE,
    });
    expect(planTimers(session(told), byAgent(6, 8 * MINUTE), settings, 13 * MINUTE).due).toEqual(['remind']);
  });

  test('gets the promised time after a reminder that came late', () => {
    const late = planTimers(serving, byAgent(4, 0), settings, 60 * MINUTE);
    expect(late).toMatchObject({ due: ['remind'], look_at: 65 * MINUTE });
    expect(planTimers(session(late.told), byAgent(4, 0), settings, 64 * MINUTE).due).toEqual([]);
    expect(planTimers(session(late.told), byAgent(4, 0), settings, 65 * MINUTE).due).toEqual(['close']);
  });

  test('is not one who waits for an answer, nor one who got a notice by a program', () => {
    expect(planTimers(serving, byVisitor(3, 0), settings, 99 * MINUTE).due).toEqual([]);
    const notice: TimedSession = { ...serving, state: 'bot', origin: 'api', assigned_at: null };
    const api: Conversation = { ...quiet, last: { seq_id: 1, at: 0, sender_role: 'api' } };
    // The visitor's first word there is no transition: without a next look nobody would ever see it.
    expect(planTimers(notice, api, settings, 99 * MINUTE)).toEqual({ due: [], told: {}, look_at: 104 * MINUTE });
    expect(planTimers(notice, { ...api, has_visitor_spoken: true }, settings, 99 * MINUTE).due).toEqual(['remind']);
  });

  test('can be closed without a reminder, or only reminded', () => {
    expect(planTimers(serving, byAgent(1, 0), { ...off, close_seconds: 60 }, MINUTE).due).toEqual(['close']);
    const only = { ...off, remind_seconds: 60 };
    const { told } = planTimers(serving, byAgent(1, 0), only, MINUTE);
    expect(planTimers(session(told), byAgent(1, 0), only, 99 * MINUTE).due).toEqual([]);
  });
});

describe('the first reply', () => {
  const settings = { ...off, first_reply_seconds: 120 };
  test('is missed: a warning at half of the time, then back to the queue', () => {
    expect(planTimers(serving, quiet, settings, 0).look_at).toBe(MINUTE);
    const warned = planTimers(serving, quiet, settings, MINUTE);
    expect(warned).toEqual({ due: ['warn_first_reply'], told: { first_reply: 0 }, look_at: 2 * MINUTE });
    expect(planTimers({ ...serving, told: warned.told }, quiet, settings, 2 * MINUTE).due).toEqual(['reply_late']);
  });
  test('was given, or is not owed by who opened the session', () => {
    expect(planTimers(serving, byAgent(2, 10), settings, 99 * MINUTE).due).toEqual([]);
    expect(planTimers({ ...serving, origin: 'agent' }, quiet, settings, 99 * MINUTE).due).toEqual([]);
  });
  test('to who answers a session that an agent opened has its time from the word on, and is looked for in time', () => {
    const byHand: TimedSession = { ...serving, origin: 'agent' };
    expect(planTimers(byHand, quiet, settings, 99 * MINUTE).look_at).toBe(100 * MINUTE);
    const talk = { ...byVisitor(1, 99 * MINUTE), has_agent_replied: false };
    expect(planTimers(byHand, talk, settings, 100 * MINUTE)).toMatchObject({
      due: ['warn_first_reply'],
      look_at: 101 * MINUTE,
    });
  });
  test('is awaited while the session is on offer, and missed once: the offer lives on', () => {
    const offered: TimedSession = { ...serving, state: 'transferring', told: { first_reply: 0 } };
    const missed = planTimers(offered, quiet, settings, 2 * MINUTE);
    expect(missed).toMatchObject({ due: ['reply_late'], told: { reply_late: 0 } });
    const again = planTimers({ ...offered, told: missed.told }, quiet, settings, 3 * MINUTE);
    expect(again).toMatchObject({ due: [], look_at: null });
    const accepted: TimedSession = { ...offered, state: 'serving', assigned_at: 5 * MINUTE, told: missed.told };
    expect(planTimers(accepted, quiet, settings, 6 * MINUTE).due).toEqual(['warn_first_reply']);
  });
  test('of the next agent has its own time', () => {
    const next = { ...serving, assigned_at: 10 * MINUTE, told: { first_reply: 0 } };
    expect(planTimers(next, quiet, settings, 11 * MINUTE).due).toEqual(['warn_first_reply']);
  });
});

describe('the next reply', () => {
  const settings = { ...off, next_reply_seconds: 60 };
  test('is late: the agent is warned, then the supervisor, once each', () => {
    const talk = byVisitor(7, 5 * MINUTE);
    expect(planTimers(serving, talk, settings, 6 * MINUTE - 1).look_at).toBe(6 * MINUTE);
    const warned = planTimers(serving, talk, settings, 6 * MINUTE);
    expect(warned).toMatchObject({ due: ['warn_next_reply'], look_at: 7 * MINUTE });
    const escalated = planTimers({ ...serving, told: warned.told }, talk, settings, 7 * MINUTE);
    expect(escalated.due).toEqual(['escalate_next_reply']);
    expect(planTimers({ ...serving, told: escalated.told }, talk, settings, 99 * MINUTE).due).toEqual([]);
  });
});

describe('words that the visitor has not seen', () => {
  const settings = { ...off, unseen_seconds: 60 };
  test('are reported once, and so are later ones, after the closing too', () => {
    const talk = { ...byAgent(5, 2 * MINUTE), unseen: { seq_id: 4, at: MINUTE } };
    const reported = planTimers(serving, talk, settings, 2 * MINUTE);
    expect(reported).toMatchObject({ due: ['report_unseen'], told: { unseen: 5 } });
    const closed: TimedSession = { ...serving, state: 'closed', told: reported.told };
    expect(planTimers(closed, talk, settings, 99 * MINUTE)).toMatchObject({ due: [], look_at: null });
    const more = { ...byAgent(6, 9 * MINUTE), unseen: { seq_id: 6, at: 9 * MINUTE } };
    expect(planTimers(closed, more, settings, 10 * MINUTE).due).toEqual(['report_unseen']);
  });
});

test('whoever says what and when: looked at as planned, nothing is done late, twice, or after its cause has gone', () => {
  const settings: TimerSettings = {
    waiting_seconds: 40,
    remind_seconds: 50,
    close_seconds: 90,
    unseen_seconds: 0,
    first_reply_seconds: 60,
    next_reply_seconds: 30,
  };
  const words = fc.array(fc.record({ after: fc.integer({ min: 1, max: 80 }), isVisitor: fc.boolean() }), {
    maxLength: 12,
  });
  // A program's notice lies with the bot; its first word is said at the opening.
  const origins = fc.constantFrom<TimedSession['origin'][]>('visitor', 'agent', 'api');
  fc.assert(
    fc.property(words, origins, (said, origin) => {
      let at = 0;
      const notice = { seq_id: 1, at: 0, sender_role: 'api' as const };
      const log: NonNullable<Conversation['last']>[] = origin === 'api' ? [notice] : [];
      for (const { after, isVisitor } of said) {
        at += after * 1_000;
        const sender_role = isVisitor ? 'visitor' : origin === 'api' ? 'bot' : 'agent';
        log.push({ seq_id: log.length + 1, at, sender_role });
      }
      const talkAt = (now: number): Conversation => {
        const past = log.filter((word) => word.at <= now);
        const lastAgent = past.findLastIndex(({ sender_role }) => sender_role === 'agent');
        return {
          last: past.at(-1) ?? null,
          has_visitor_spoken: past.some(({ sender_role }) => sender_role === 'visitor'),
          has_agent_replied: lastAgent >= 0,
          unanswered: past.slice(lastAgent + 1).find(({ sender_role }) => sender_role === 'visitor') ?? null,
          unseen: null,
        };
      };
      const done: string[] = [];
      const session: TimedSession =
        origin === 'api' ? { ...serving, origin, state: 'bot', assigned_at: null } : { ...serving, origin };
      for (let now = 0, looks = 0; looks < 500; looks += 1) {
        const talk = talkAt(now);
        const { last } = talk;
        const plan = planTimers(session, talk, settings, now);
        for (const action of plan.due) {
          const about = `${action} ${last?.seq_id ?? 0}`;
          expect(done).not.toContain(about);
          done.push(about);
          if (action === 'close') expect(last?.sender_role).not.toBe('visitor');
          if (action === 'close' && last) expect(now - last.at).toBeGreaterThanOrEqual(90_000);
          if (action === 'close' && origin === 'api') expect(talk.has_visitor_spoken).toBe(true);
          if (action === 'reply_late') expect(talk.has_agent_replied).toBe(false);
        }
        Object.assign(session, { told: plan.told });
        if (plan.due.some((action) => action === 'close' || action === 'reply_late')) return;
        // Whatever has been said by then, it is looked at before anything of it is late.
        const next = plan.look_at ?? Infinity;
        expect(next).toBeGreaterThan(now);
        for (const { at: spoken } of log.filter((word) => word.at > now && word.at < next)) {
          const { due } = planTimers(session, talkAt(spoken), settings, next - 1);
          expect(due).toEqual([]);
        }
        if (next === Infinity) return;
        now = next;
      }
      // Sooner or later a visitor who is silent is let go, and an agent who is silent loses the session.
      const isUnread = origin === 'api' && !log.some(({ sender_role }) => sender_role === 'visitor');
      if (!isUnread) expect(log.at(-1)?.sender_role).toBe('visitor');
    }),
  );
});
