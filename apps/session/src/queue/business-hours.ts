import type { BusinessHours } from '#libs/contracts';

const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const DAY_MS = 86_400_000;

/** A moment as people in a time zone read it off their clocks. */
interface LocalTime {
  /** `2026-10-01` */
  date: string;
  weekday: (typeof weekdays)[number];
  /** `09:30`; compares as text. */
  time: string;
}

/**
 * Whether a team with these hours is open at this moment, by the clocks of the hours' own time zone. A range contains its
 * beginning, not its end; one that ends before it begins runs over midnight and belongs to the day on which it begins. A
 * special day's hours replace those of its weekday: none is a holiday.
 * @param at milliseconds since 1970
 */
export function isOpen(hours: BusinessHours, at: number): boolean {
  const today = localTime(hours.time_zone, at);
  const yesterday = dayBefore(today);
  return (
    rangesOf(hours, today).some(([from, to]) => from <= today.time && (today.time < to || to <= from)) ||
    rangesOf(hours, yesterday).some(([from, to]) => to <= from && today.time < to)
  );
}

function rangesOf(hours: BusinessHours, { date, weekday }: Pick<LocalTime, 'date' | 'weekday'>) {
  return hours.days.find((day) => day.date === date)?.hours ?? hours.week[weekday] ?? [];
}

/** By the calendar, not by the clock: a day may have 23 or 25 hours. */
function dayBefore({ date }: LocalTime): Pick<LocalTime, 'date' | 'weekday'> {
  const day = new Date(Date.parse(`${date}T12:00:00Z`) - DAY_MS);
  return { date: day.toISOString().slice(0, 10), weekday: weekdays[day.getUTCDay()] ?? 'sun' };
}

const formats = new Map<string, Intl.DateTimeFormat>();

function localTime(timeZone: string, at: number): LocalTime {
  const format = formats.get(timeZone) ?? createFormat(timeZone);
  formats.set(timeZone, format);
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const date = `${parts['year']}-${parts['month']}-${parts['day']}`;
  const weekday = weekdays[new Date(`${date}T12:00:00Z`).getUTCDay()] ?? 'sun';
  return { date, weekday, time: `${parts['hour']}:${parts['minute']}` };
}

/** Making one takes longer than everything else here. */
function createFormat(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-CA', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  });
}
