import { z } from 'zod';
import { languageTag, listFields, name } from './fields.ts';
import { businessHoursId, teamId } from './ids.ts';
import { unicode } from './message.ts';
import { agentRoles } from './tokens.ts';

/**
 * What admins set, by resource: the body of POST (`create`) and of PATCH (`update`: a field that is given replaces the
 * former one as a whole, the others stay). GET gives the same fields with the id, `created_at` and `updated_at`.
 */
const words = (max: number) => unicode(max).trim().min(1);
const seconds = (min: number, max: number) => z.number().int().min(min).max(max);
const DAY_SECONDS = 86_400;
const skills = z.array(words(64)).max(100);

export const teamStrategies = ['least_loaded', 'round_robin', 'last_agent_first'] as const;
export type TeamStrategy = (typeof teamStrategies)[number];
/** What its agents see beside their own sessions: nothing, the team's, or everything. */
export const teamVisibilities = ['own', 'team', 'all'] as const;
export type TeamVisibility = (typeof teamVisibilities)[number];

const teamFields = {
  name,
  strategy: z.enum(teamStrategies),
  visibility: z.enum(teamVisibilities),
  business_hours_id: businessHoursId.nullable(),
  /** Asked of every session of this team, beside the session's own. */
  skills,
  /** A waiting session rises one step of priority each time so many seconds have passed; 0: never. */
  ageing_seconds: seconds(0, DAY_SECONDS),
  offer_seconds: seconds(5, 3_600),
  first_reply_seconds: seconds(1, DAY_SECONDS).nullable(),
  next_reply_seconds: seconds(1, DAY_SECONDS).nullable(),
};
export const createTeamBody = z.strictObject({
  ...teamFields,
  strategy: teamFields.strategy.default('least_loaded'),
  visibility: teamFields.visibility.default('own'),
  business_hours_id: teamFields.business_hours_id.default(null),
  skills: teamFields.skills.default([]),
  ageing_seconds: teamFields.ageing_seconds.default(120),
  offer_seconds: teamFields.offer_seconds.default(30),
  first_reply_seconds: teamFields.first_reply_seconds.default(null),
  next_reply_seconds: teamFields.next_reply_seconds.default(null),
});
export const updateTeamBody = z.strictObject(teamFields).partial();
export type CreateTeamBody = z.output<typeof createTeamBody>;
export type UpdateTeamBody = z.output<typeof updateTeamBody>;

const text = z.strictObject({ 'zh-CN': unicode(2_000), en: unicode(2_000) }).partial();
const colour = z.string().regex(/^#[0-9a-f]{6}$/i);
/** Seconds; 0 turns a timer off. */
const timers = z.strictObject({
  waiting_seconds: seconds(0, DAY_SECONDS).default(180),
  remind_seconds: seconds(0, DAY_SECONDS).default(300),
  close_seconds: seconds(0, DAY_SECONDS).default(600),
  unseen_seconds: seconds(0, DAY_SECONDS).default(0),
});
export type ChannelTimers = z.output<typeof timers>;
/** The timers of a channel as they are kept; what is missing is the default. */
export const channelTimers = timers.prefault({});
/** As they are set. What was kept before this was asked is still read. */
const orderedTimers = timers.refine(
  ({ remind_seconds, close_seconds }) => close_seconds === 0 || close_seconds >= remind_seconds,
  {
    path: ['close_seconds'],
    message: 'must not be shorter than remind_seconds, which is 300 unless given; 0 turns either off',
  },
);

const preChatField = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9_]{1,64}$/i),
    label: text,
    kind: z.enum(['text', 'email', 'phone', 'select', 'textarea']),
    required: z.boolean().default(false),
    options: z.array(words(200)).min(1).max(100).optional(),
  })
  .refine(({ kind, options }) => (kind === 'select') === (options !== undefined), {
    path: ['options'],
    message: 'go with a select, and with nothing else',
  });
const isDistinct = (values: readonly string[]) => new Set(values).size === values.length;

const origin = z
  .string()
  .regex(/^https?:\/\/[a-z0-9.-]+(:\d{1,5})?$/i, 'must be an origin such as https://example.com');
const channelFields = {
  name,
  team_id: teamId,
  bot: z.enum(['builtin', 'external', 'none']),
  identity: z.enum(['optional', 'required']),
  allowed_origins: z.array(origin).max(100),
  theme: z
    .strictObject({
      color: colour,
      side: z.enum(['left', 'right']),
      text: unicode(100),
      avatar_file_id: unicode(64),
    })
    .partial(),
  texts: z.record(z.string().regex(/^[a-z_]{1,40}$/), text),
  pre_chat: z
    .array(preChatField)
    .max(20)
    .refine((fields) => isDistinct(fields.map((field) => field.name)), 'must not name a field twice'),
  hot_questions: z.array(words(500)).max(20),
  timers: orderedTimers,
  /** A visitor who comes back goes to the agent of last time, if that one is online with room. */
  return_to_agent: z.boolean(),
};
export const createChannelBody = z.strictObject({
  ...channelFields,
  bot: channelFields.bot.default('none'),
  identity: channelFields.identity.default('optional'),
  allowed_origins: channelFields.allowed_origins.default([]),
  theme: channelFields.theme.default({}),
  texts: channelFields.texts.default({}),
  pre_chat: channelFields.pre_chat.default([]),
  hot_questions: channelFields.hot_questions.default([]),
  timers: orderedTimers.prefault({}),
  return_to_agent: channelFields.return_to_agent.default(false),
});
export const updateChannelBody = z.strictObject(channelFields).partial();
export type CreateChannelBody = z.output<typeof createChannelBody>;
export type UpdateChannelBody = z.output<typeof updateChannelBody>;
/** How a channel looks and behaves. */
export type ChannelSettings = Pick<
  CreateChannelBody,
  'theme' | 'texts' | 'pre_chat' | 'hot_questions' | 'timers' | 'return_to_agent'
>;

const beginning = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be HH:MM');
const end = z.string().regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be HH:MM');
const ranges = z.array(z.tuple([beginning, end])).max(10);
const timeZone = z.string().max(64).refine(isTimeZone, 'must be an IANA time zone');
const businessHoursFields = {
  name,
  time_zone: timeZone,
  week: z
    .strictObject({ mon: ranges, tue: ranges, wed: ranges, thu: ranges, fri: ranges, sat: ranges, sun: ranges })
    .partial(),
  /** Days with hours of their own: none on a holiday, some on a Sunday that is worked. */
  days: z
    .array(z.strictObject({ date: z.iso.date(), hours: ranges }))
    .max(1_000)
    .refine((days) => isDistinct(days.map((day) => day.date)), 'must not name a date twice'),
};
export const createBusinessHoursBody = z.strictObject({
  ...businessHoursFields,
  days: businessHoursFields.days.default([]),
});
export const updateBusinessHoursBody = z.strictObject(businessHoursFields).partial();
export type CreateBusinessHoursBody = z.output<typeof createBusinessHoursBody>;
export type UpdateBusinessHoursBody = z.output<typeof updateBusinessHoursBody>;
/** What decides whether a team is open. */
export type BusinessHours = Pick<CreateBusinessHoursBody, 'time_zone' | 'week' | 'days'>;

const agentFields = {
  username: z.string().regex(/^[a-z0-9][a-z0-9._@-]{0,99}$/i),
  password: z.string().min(10).max(200),
  name,
  role: z.enum(agentRoles),
  email: z.email().max(254).nullable(),
  team_ids: z.array(teamId).max(100),
  capacity: z.number().int().min(0).max(1_000),
  skills,
  languages: z.array(languageTag).max(20),
  disabled: z.boolean(),
};
export const createAgentBody = z.strictObject({
  ...agentFields,
  email: agentFields.email.default(null),
  team_ids: agentFields.team_ids.default([]),
  capacity: agentFields.capacity.default(8),
  skills: agentFields.skills.default([]),
  languages: agentFields.languages.default([]),
  disabled: agentFields.disabled.default(false),
});
export const updateAgentBody = z.strictObject(agentFields).partial();
export type CreateAgentBody = z.output<typeof createAgentBody>;
export type UpdateAgentBody = z.output<typeof updateAgentBody>;

/** Query of every list of settings. */
export const settingsQuery = z.strictObject(listFields);
export type SettingsQuery = z.output<typeof settingsQuery>;

/** By its name: an offset such as `+08:00` knows no summer. */
function isTimeZone(zone: string): boolean {
  if (!/^[a-z]/i.test(zone)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
