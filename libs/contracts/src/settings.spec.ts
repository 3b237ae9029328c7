import { expect, test } from 'vitest';
import {
  channelTimers,
  createAgentBody,
  createBusinessHoursBody,
  createChannelBody,
  createTeamBody,
  settingsQuery,
  updateAgentBody,
  updateBusinessHoursBody,
  updateChannelBody,
  updateTeamBody,
} from './settings.ts';

const team_id = `team_${'0'.repeat(26)}`;
const channel = { name: 'Shop', team_id };
const hours = { name: 'Office', time_zone: 'Asia/Shanghai', week: { mon: [['09:00', '18:00']] } };
const agent = { username: 'anna', password: 'a long password', name: 'Anna', role: 'agent' };

test('a part of anything, also nothing, is a change, and says nothing of the rest', () => {
  for (const body of [updateTeamBody, updateChannelBody, updateBusinessHoursBody, updateAgentBody]) {
    expect(body.parse({})).toEqual({});
    expect(body.parse({ name: 'Other' })).toEqual({ name: 'Other' });
  }
});

test('what a making leaves unsaid is said by the contract', () => {
  expect(createTeamBody.parse({ name: 'Day' })).toMatchObject({ strategy: 'least_loaded', ageing_seconds: 120 });
  expect(createAgentBody.parse(agent)).toMatchObject({ capacity: 8, team_ids: [], disabled: false, email: null });
  const timers = { waiting_seconds: 180, remind_seconds: 300, close_seconds: 600, unseen_seconds: 0 };
  expect(createChannelBody.parse(channel)).toMatchObject({ bot: 'none', identity: 'optional', timers });
});

test.each<[string, object]>([
  ['a field of ours', { state: 'open' }],
  ['a colour by its name', { theme: { color: 'red' } }],
  ['half a character', { texts: { greeting: { en: '\u{1F600}'.slice(0, 1) } } }],
  ['a language nobody reads', { texts: { greeting: { fr: 'Bonjour' } } }],
  ['an origin with a path', { allowed_origins: ['https://shop.example/'] }],
  ['a script for an origin', { allowed_origins: ['javascript://shop'] }],
  ['a timer below zero', { timers: { close_seconds: -1 } }],
  ['a select without options', { pre_chat: [{ name: 'topic', label: {}, kind: 'select' }] }],
  ['options of a text', { pre_chat: [{ name: 'topic', label: {}, kind: 'text', options: ['a'] }] }],
  ['a field asked for twice', { pre_chat: ['a', 'a'].map((name) => ({ name, label: {}, kind: 'text' })) }],
])('a channel is refused with %s', (_name, more) => {
  expect(createChannelBody.safeParse(channel).success).toBe(true);
  expect(createChannelBody.safeParse({ ...channel, ...more }).success).toBe(false);
});

test('no channel closes before it reminds, said with the default that nobody sees; either may be off', () => {
  const judge = (timers: object) => updateChannelBody.safeParse({ timers });
  for (const timers of [
    { close_seconds: 900 },
    { remind_seconds: 60, close_seconds: 60 },
    { remind_seconds: 60, close_seconds: 0 },
    { remind_seconds: 0, close_seconds: 60 },
  ]) {
    expect(judge(timers).success).toBe(true);
  }
  for (const timers of [{ remind_seconds: 61, close_seconds: 60 }, { close_seconds: 299 }]) {
    expect(createChannelBody.safeParse({ ...channel, timers }).success).toBe(false);
    const issue = judge(timers).error?.issues[0];
    expect(issue?.path).toEqual(['timers', 'close_seconds']);
    expect(issue?.message).toContain('remind_seconds, which is 300 unless given');
  }
  // What was kept before this was asked is still read.
  expect(channelTimers.parse({ close_seconds: 60 })).toMatchObject({ remind_seconds: 300, close_seconds: 60 });
});

test.each<[string, object]>([
  ['a zone that is none', { time_zone: 'Mars/Olympus' }],
  ['a day that is none', { week: { monday: [] } }],
  ['a clock that is none', { week: { mon: [['9:00', '18:00']] } }],
  ['a beginning at the end of the day', { week: { mon: [['24:00', '24:00']] } }],
  ['half a range', { week: { mon: [['09:00']] } }],
  ['a date that is none', { days: [{ date: '2026-02-30', hours: [] }] }],
  ['a date twice', { days: ['2026-10-01', '2026-10-01'].map((date) => ({ date, hours: [] })) }],
])('business hours are refused with %s', (_name, more) => {
  expect(createBusinessHoursBody.safeParse(hours).success).toBe(true);
  expect(createBusinessHoursBody.safeParse({ ...hours, ...more }).success).toBe(false);
});

test.each<[string, object]>([
  ['a short password', { password: 'short' }],
  ['a role that is none', { role: 'owner' }],
  ['a capacity out of range', { capacity: 1_001 }],
  ['a blank name', { name: '  ' }],
  ['a language that is no tag', { languages: ['Chinese (simplified)'] }],
  ['a load of its own', { active: 0 }],
  ['a status of its own', { status: 'online' }],
])('an agent is refused with %s', (_name, more) => {
  expect(createAgentBody.safeParse(agent).success).toBe(true);
  expect(createAgentBody.safeParse({ ...agent, ...more }).success).toBe(false);
});

test('lists are of 50 unless asked, and of 200 at most', () => {
  expect(settingsQuery.parse({})).toEqual({ limit: 50 });
  expect(settingsQuery.parse({ limit: '200' })).toEqual({ limit: 200 });
  for (const limit of ['0', '201', '1e9', 'x']) expect(settingsQuery.safeParse({ limit }).success).toBe(false);
});
