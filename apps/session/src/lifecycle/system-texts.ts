import type { Locale } from '#libs/contracts';

const texts = {
  queued: { 'zh-CN': '正在为您转接人工客服，请稍候', en: 'Please wait, an agent will be with you soon.' },
  offline: {
    'zh-CN': '客服现在不在线，您的留言已收到，上班后会尽快回复您',
    en: 'We are closed at the moment. Your message is kept, and an agent will answer when we are back.',
  },
  assigned: { 'zh-CN': '客服 {name} 为您服务', en: '{name} has joined the conversation.' },
  returned: { 'zh-CN': '正在为您安排其他客服，请稍候', en: 'Please wait, another agent will be with you soon.' },
  closed: { 'zh-CN': '会话已结束', en: 'The conversation has been closed.' },
  reminded: { 'zh-CN': '请问您还在吗？', en: 'Are you still there?' },
  waiting: {
    'zh-CN': '当前排队时间较长，您可以先留言，我们会尽快回复您',
    en: 'The wait is longer than usual. You can leave a message, and we will answer as soon as we can.',
  },
} as const satisfies Record<string, Record<Locale, string>>;

export type SystemTextKind = keyof typeof texts;

/** What the log says to a visitor of something that happened, in the visitor's language; nothing for nothing. */
export function systemText(kind: SystemTextKind | undefined, locale: Locale, agent_name?: string): string | undefined {
  const nobody = { 'zh-CN': '', en: 'An agent' } as const;
  return kind && texts[kind][locale].replace('{name}', () => agent_name ?? nobody[locale]);
}
