import { expect, test } from 'vitest';
import { CallFailed } from '#libs/client';
import { errorCatalogue, type Message, type Session } from '#libs/contracts';
import * as lines from './lines.ts';
import { Names } from './names.ts';

function readerOf(id: string, role: 'visitor' | 'agent'): lines.Reader {
  const names = new Names(id);
  names.learnPeople(
    [
      { agent_id: 'agt_anna', name: 'Anna' },
      { agent_id: 'agt_bo', name: 'Bo' },
    ] as never,
    [{ team_id: 'team_2', name: 'Second Line' }] as never,
  );
  return { id, role, names };
}
const visitor = readerOf('vis_7g2k', 'visitor');
const bo = readerOf('agt_bo', 'agent');

const messageOf = (fields: object) => ({ seq_id: 7, type: 'text', content: 'hello', ...fields }) as unknown as Message;
const sessionOf = (fields: object) =>
  ({
    session_id: 'ses_1',
    state: 'waiting',
    visitor: { visitor_id: 'vis_7g2k', name: null },
    agent: null,
    close_reason: null,
    ...fields,
  }) as unknown as Session;
const by = (agent_id: string, name: string) => ({ agent: { agent_id, name } });

test.each([
  [visitor, { sender: 'vis_before', sender_role: 'visitor' }, '   7 you: hello'],
  [visitor, { sender: 'agt_anna', sender_role: 'agent' }, '   7 Anna: hello'],
  [visitor, { sender: 'agt_who', sender_role: 'agent' }, '   7 agent: hello'],
  [bo, { sender: 'agt_bo', sender_role: 'agent' }, '   7 you: hello'],
  [bo, { sender: 'bot', sender_role: 'bot' }, '   7 bot: hello'],
  [bo, { sender: 'shop', sender_role: 'api' }, '   7 shop: hello'],
  [bo, { type: 'system', sender: 'system', sender_role: 'system' }, '   7 — hello'],
  [bo, { sender_role: 'bot', type: 'card', content: { title: 'A' } }, '   7 bot: [card] {"title":"A"}'],
  [bo, { sender_role: 'visitor', sender: 'vis_x', type: 'recall', content: {} }, '   7 visitor: [withdrew a message]'],
])('a message as it is shown (%#)', (reader, fields, line) => {
  expect(lines.messageLine(messageOf(fields), reader)).toBe(line);
});

test.each([
  [visitor, { from: 'agt_anna', to: 'agt_bo' }, '   7 — Bo goes on with you'],
  [visitor, { from: 'agt_anna', to: 'agt_who' }, '   7 — another agent goes on with you'],
  [visitor, { from: 'agt_anna', to: 'team_2' }, '   7 — another team goes on with you; please wait'],
  [bo, { from: 'agt_anna', to: 'agt_bo' }, '   7 — Anna handed over to you'],
  [bo, { from: 'agt_bo', to: 'team_2' }, '   7 — you handed over to the team Second Line'],
])('a hand-over as each side reads it (%#)', (reader, content, line) => {
  expect(lines.messageLine(messageOf({ type: 'transfer', sender_role: 'system', content }), reader)).toBe(line);
});

test('words do not command the terminal, and a second line of them does not look like a line of ours', () => {
  expect(lines.printable('one\ntwo\r\nthree\u2028four')).toBe('one\n     two\n     three\n     four');
  expect(lines.printable('\u001B[2Jgone\u0007\u009B')).toBe('␛[2Jgone␇�');
  expect(lines.printable('· 退货 👍🏽')).toBe('· 退货 👍🏽');
});

test.each([
  [{ position: 3, eta_seconds: 40 }, 'position 3, about 40 s'],
  [{ position: 3, eta_seconds: 41 }, 'position 3, about 50 s'],
  [{ position: 1, eta_seconds: 0 }, 'position 1, about 10 s'],
  [{ position: 9, eta_seconds: 55 }, 'position 9, about 1 min'],
  [{ position: 9, eta_seconds: 200 }, 'position 9, about 3 min'],
  [{ position: 2, eta_seconds: null }, 'position 2'],
])('%j is %s', (place, text) => {
  expect(lines.placeText(place)).toBe(text);
});

const expires_at = new Date(2026, 0, 1, 10, 31, 5).toISOString();
const offered = {
  ...by('agt_anna', 'Anna'),
  state: 'transferring',
  transfer: { from: 'agt_anna', to_agent: 'agt_bo', expires_at },
};

test('an offer says who, whose, until when, why, and what to do', () => {
  const session = sessionOf({ ...offered, transfer: { ...offered.transfer, reason: 'too hard' } });
  const reader = readerOf('agt_bo', 'agent');
  reader.names.learnSession(session);
  expect(lines.offerLine({ session, from: 'agt_anna', expires_at }, reader)).toBe(
    '· Anna offers you the session #1 (visitor 7g2k) until 10:31:05: too hard. /take or /decline',
  );
});

const mine = by('agt_bo', 'Bo');
test.each([
  [undefined, { state: 'waiting' }, 'waits: /accept takes it'],
  [{ state: 'waiting' }, { state: 'waiting', priority: 2 }, undefined],
  [{ state: 'waiting' }, { state: 'serving', ...mine }, 'is yours now'],
  [{ state: 'waiting' }, { state: 'serving', ...by('agt_anna', 'Anna') }, 'is served by Anna now'],
  [undefined, { state: 'serving', ...by('agt_anna', 'Anna') }, undefined],
  [offered, { state: 'serving', ...mine }, 'is yours now'],
  [undefined, offered, undefined],
  [
    { state: 'serving', ...mine },
    { ...offered, ...mine, transfer: { to_agent: 'agt_anna', expires_at } },
    'is on offer to Anna until 10:31:05: /cancel takes it back',
  ],
  [{ state: 'transferring', ...mine }, { state: 'serving', ...mine }, 'stays with you: the offer is over'],
  [
    { state: 'serving', ...mine },
    { state: 'closed', ...mine, close_reason: 'visitor_silent' },
    'is closed (visitor_silent)',
  ],
  [undefined, { state: 'closed', ...mine }, undefined],
  [undefined, { state: 'bot' }, undefined],
])('%j, then %j: %s', (before, after, news) => {
  const line = lines.sessionLine(before && sessionOf(before), sessionOf(after), bo);
  expect(line).toBe(news === undefined ? undefined : `· #1 ${news}`);
});

test('sessions go with a reason, late replies are warned of', () => {
  expect(lines.removedLine({ session_id: 'ses_1', reason: 'transferred' }, bo)).toBe(
    '· #1 has gone from you: handed over',
  );
  expect(lines.removedLine({ session_id: 'ses_1', reason: 'eaten' }, bo)).toBe('· #1 has gone from you: eaten');
  const late = (kind: 'first_reply' | 'next_reply', level: 'agent' | 'supervisor') =>
    lines.lateLine({ session_id: 'ses_1', kind, level }, bo);
  expect(late('first_reply', 'agent')).toBe('! #1 waits for your first reply');
  expect(late('next_reply', 'supervisor')).toBe('! #1 waits for an agent’s reply');
});

test('a word in the outbox shows how it fares', () => {
  const message = { type: 'text', content: 'hello' } as never;
  const entry = { message, state: 'sending', attempts: 1 } as const;
  expect(lines.outboxLine(entry)).toBe('  ↑ sending: hello');
  const refused = {
    ...entry,
    state: 'refused',
    attempts: 2,
    error: { code: 'BLOCKED', message: 'Access is blocked.' },
  } as const;
  expect(lines.outboxLine(refused)).toBe('  ↑ refused, attempt 2 (Access is blocked.): hello');
});

test('a refusal is its text, and what else it says', () => {
  const error = { code: 'AGENT_FULL', message: '客服接待量已满', retryable: false } as const;
  const usual = errorCatalogue.AGENT_FULL.text.en;
  expect(lines.failureLine(new CallFailed(error, { detail: usual }))).toBe('! 客服接待量已满');
  expect(lines.failureLine(new CallFailed(error, { detail: 'why' }))).toBe('! 客服接待量已满 (why)');
  expect(lines.failureLine(new CallFailed(error))).toBe('! 客服接待量已满');
  expect(lines.failureLine(new Error('nobody waits'))).toBe('! nobody waits');
});

test('who is in the list of people, and who waits', () => {
  const colleague = { name: 'Bo', status: 'online', active: 2, capacity: 8 } as never;
  expect(lines.colleagueLine(colleague, undefined)).toBe('·   Bo  online, serves 2 of 8');
  expect(lines.colleagueLine(colleague, 'idle')).toBe('·   Bo  idle, serves 2 of 8');
  const reader = readerOf('agt_bo', 'agent');
  const item = {
    session_id: 'ses_9',
    visitor: { visitor_id: 'vis_abcd', name: 'Cara' },
    position: 1,
    eta_seconds: 20,
    waited_seconds: 34.7,
    priority: 0,
  } as never;
  expect(lines.queueLine(item, reader)).toBe('·   #1 (Cara)  position 1, about 20 s, waits for 35 s');
  expect(reader.names.findSession('#1')).toBe('ses_9');
});
