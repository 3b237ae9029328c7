import { expect, test } from 'vitest';
import { isOpen } from './business-hours.ts';

const shanghai = {
  time_zone: 'Asia/Shanghai',
  week: {
    mon: [
      ['09:00', '12:00'],
      ['13:00', '18:00'],
    ],
    fri: [['22:00', '02:00']],
  } as Record<string, [string, string][]>,
  days: [
    { date: '2026-10-05', hours: [] },
    { date: '2026-10-10', hours: [['10:00', '16:00']] as [string, string][] },
  ],
};
const berlin = { time_zone: 'Europe/Berlin', week: { sun: [['01:00', '04:00']] as [string, string][] }, days: [] };

test.each([
  ['2026-09-28T00:59:59Z', false, 'a minute before it opens'],
  ['2026-09-28T01:00:00Z', true, 'as it opens, nine by the clocks of Shanghai'],
  ['2026-09-28T04:00:00Z', false, 'as the lunch break begins'],
  ['2026-09-28T05:00:00Z', true, 'after lunch'],
  ['2026-09-28T10:00:00Z', false, 'as it closes'],
  ['2026-09-29T02:00:00Z', false, 'on a day without hours'],
  ['2026-10-05T02:00:00Z', false, 'on a holiday that is a Monday'],
  ['2026-10-10T03:00:00Z', true, 'on a Saturday that is worked'],
  ['2026-10-10T09:00:00Z', false, 'after a worked Saturday'],
  ['2026-10-02T14:30:00Z', true, 'on Friday night'],
  ['2026-10-02T17:59:00Z', true, 'on Saturday, in the hours that Friday began'],
  ['2026-10-02T18:00:00Z', false, 'when Friday night has ended'],
])('%s: %s, %s', (at, is) => {
  expect(isOpen(shanghai, Date.parse(at))).toBe(is);
});

test.each([
  ['2026-03-29T00:30:00Z', true, 'before the clocks go forward'],
  ['2026-03-29T01:30:00Z', true, 'after two has become three'],
  ['2026-03-29T02:00:00Z', false, 'at four, an hour earlier than in winter'],
  ['2026-10-25T00:30:00Z', true, 'in the first of two hours from two to three'],
  ['2026-10-25T02:30:00Z', true, 'past them both'],
  ['2026-10-25T03:00:00Z', false, 'at four'],
])('when the clocks change, %s: %s, %s', (at, is) => {
  expect(isOpen(berlin, Date.parse(at))).toBe(is);
});

test('hours round the clock', () => {
  const always = { time_zone: 'UTC', week: { mon: [['00:00', '24:00']] as [string, string][] }, days: [] };
  expect(isOpen(always, Date.parse('2026-09-28T00:00:00Z'))).toBe(true);
  expect(isOpen(always, Date.parse('2026-09-28T23:59:59Z'))).toBe(true);
  expect(isOpen(always, Date.parse('2026-09-29T00:00:00Z'))).toBe(false);
});
