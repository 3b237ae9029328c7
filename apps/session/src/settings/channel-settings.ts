import { channelTimers, type ChannelSettings } from '#libs/contracts';

/** What holds while nobody has said otherwise. */
const unset: ChannelSettings = {
  theme: {},
  texts: {},
  pre_chat: [],
  hot_questions: [],
  timers: channelTimers.parse(undefined),
  return_to_agent: false,
};

/** The fields of a channel that share one column. */
export const channelSettings: readonly string[] = Object.keys(unset);

/** What holds in a channel that has kept these. */
export function channelSettingsOf(kept: Partial<ChannelSettings>): ChannelSettings {
  const {
    theme = unset.theme,
    texts = unset.texts,
    pre_chat = unset.pre_chat,
    hot_questions = unset.hot_questions,
    return_to_agent = unset.return_to_agent,
  } = kept;
  return { theme, texts, pre_chat, hot_questions, timers: channelTimers.parse(kept.timers), return_to_agent };
}
