import type { Locale, SessionEventType } from '#libs/contracts';

/** The log entry that a visible transition leaves, in the visitor's language; none for `session.opened`. */
export function systemText(type: SessionEventType, locale: Locale, agent_name: string | undefined): string | undefined {
  const texts = {
    'session.opened': undefined,
    'session.queued': { 'zh-CN': '正在为您转接人工客服，请稍候', en: 'Please wait, an agent will be with you soon.' },
    'session.assigned': {
      'zh-CN': `客服 ${agent_name ?? ''} 为您服务`,
      en: `${agent_name ?? 'An agent'} has joined the conversation.`,
    },
    'session.closed': { 'zh-CN': '会话已结束', en: 'The conversation has been closed.' },
  } as const satisfies Record<SessionEventType, Record<Locale, string> | undefined>;
  return texts[type]?.[locale];
}
