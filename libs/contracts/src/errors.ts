/**
 * The one catalogue of errors for HTTP and socket.
 * `number` ranges: 1xxx protocol, 2xxx authentication (stop), 3xxx temporary (retry), 4xxx refused.
 * `retryable`, exactly the range 3xxx: send the same thing again with the same client_msg_id; it may already be stored.
 */
export const errorCatalogue = {
  MALFORMED_FRAME: entry(1001, 400, false, ['数据帧格式错误', 'The frame is malformed.']),
  UNKNOWN_EVENT: entry(1002, 400, false, ['未知的事件', 'The event is unknown.']),
  UNSUPPORTED_PROTOCOL: entry(1003, 400, false, ['不支持的协议版本', 'The protocol version is not supported.']),
  PAYLOAD_TOO_LARGE: entry(1004, 413, false, ['内容过大', 'The payload is too large.']),
  UNAUTHENTICATED: entry(2001, 401, false, ['未登录或登录已失效', 'Authentication is missing or no longer valid.']),
  TOTP_REQUIRED: entry(2002, 401, false, ['需要动态验证码', 'A one-time code is required.']),
  ACCOUNT_LOCKED: entry(2003, 423, false, ['账号已锁定，请稍后再试', 'The account is locked; try again later.']),
  AUTH_TIMEOUT: entry(2004, 401, false, ['未在规定时间内完成验证', 'No valid authentication arrived in time.']),
  UNAVAILABLE: entry(3001, 503, true, [
    '服务暂时不可用，请重试',
    'The service is unavailable for a moment; try again.',
  ]),
  RATE_LIMITED: entry(3002, 429, true, ['操作过于频繁，请稍后再试', 'Too many requests; slow down.']),
  OVERLOADED: entry(3003, 503, true, ['服务繁忙，请重试', 'The service is overloaded; try again.']),
  DRAINING: entry(3004, 503, true, ['服务正在重启，请重新连接', 'The server is shutting down; connect again.']),
  IDLE: entry(3005, 408, true, ['长时间无操作，连接已关闭', 'The connection was idle and has been closed.']),
  NOT_STORED_YET: entry(3006, 404, true, ['消息尚未入库', 'The message is not stored yet.']),
  IN_PROGRESS: entry(3007, 409, true, ['相同的请求正在处理中', 'The same request is being worked on; try again.']),
  VALIDATION_FAILED: entry(4001, 400, false, ['请求内容不正确', 'The request is not valid.']),
  FORBIDDEN: entry(4002, 403, false, ['没有权限', 'This is not allowed.']),
  NOT_FOUND: entry(4003, 404, false, ['不存在', 'There is no such thing.']),
  DROPPED: entry(4005, 410, false, ['消息已被丢弃', 'The message came too late and was dropped.']),
  STATE_CONFLICT: entry(4006, 409, false, ['会话状态已改变', 'The session is in another state.']),
  SESSION_CLOSED: entry(4007, 409, false, ['会话已结束', 'The session is closed.']),
  AGENT_FULL: entry(4008, 409, false, ['客服接待量已满', 'The agent has no free slot.']),
  AGENT_OFFLINE: entry(4009, 409, false, ['客服不在线', 'The agent is not online.']),
  TRANSFER_NOT_ALLOWED: entry(4010, 409, false, ['当前状态不允许转接', 'A transfer is not allowed in this state.']),
  ALREADY_RATED: entry(4011, 409, false, ['已经评价过了', 'The session is already rated.']),
  CHANNEL_REQUIRED: entry(4012, 422, false, ['需要指定渠道', 'A channel_id is required.']),
  IDEMPOTENCY_MISMATCH: entry(4013, 422, false, [
    '同一幂等键对应的请求内容不同',
    'The Idempotency-Key was used with another body.',
  ]),
  BLOCKED: entry(4014, 403, false, ['已被禁止访问', 'Access is blocked.']),
  CONFLICT: entry(4015, 409, false, ['与现有数据冲突', 'It conflicts with what is there.']),
} as const;

export type ErrorCode = keyof typeof errorCatalogue;
export type Locale = 'zh-CN' | 'en';

interface CatalogueEntry {
  readonly number: number;
  readonly status: number;
  readonly retryable: boolean;
  readonly text: Readonly<Record<Locale, string>>;
}

/** Texts in zh-CN and en. */
function entry(number: number, status: number, retryable: boolean, [zh, en]: [string, string]): CatalogueEntry {
  return { number, status, retryable, text: { 'zh-CN': zh, en } };
}

/** What a socket acknowledgement carries when a call is refused. */
export interface SocketError {
  code: ErrorCode;
  message: string;
  retryable: boolean;
}

/** The body of every HTTP error: `application/problem+json` (RFC 9457). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  detail: string;
  errors?: { path: string; message: string }[];
  state?: string;
}

/**
 * An expected refusal, thrown by code with effects and turned into a Problem or a SocketError at the edge only.
 * `detail` is for people who debug; it must not carry message text or tokens.
 */
export class Refusal extends Error {
  readonly code: ErrorCode;
  readonly state: string | undefined;
  readonly errors: { path: string; message: string }[] | undefined;

  constructor(code: ErrorCode, more: { detail?: string; state?: string; errors?: Problem['errors'] } = {}) {
    super(more.detail ?? errorCatalogue[code].text.en);
    this.name = 'Refusal';
    this.code = code;
    this.state = more.state;
    this.errors = more.errors;
  }
}

/** The socket form of a code in the caller's language. */
export function toSocketError(code: ErrorCode, locale: Locale = 'en'): SocketError {
  const { text, retryable } = errorCatalogue[code];
  return { code, message: text[locale], retryable };
}

/** The HTTP form of a refusal in the caller's language. */
export function toProblem(refusal: Refusal, locale: Locale = 'en'): Problem {
  const { status, text } = errorCatalogue[refusal.code];
  return {
    type: `https://seqdesk.dev/errors/${refusal.code.toLowerCase()}`,
    title: text[locale],
    status,
    code: refusal.code,
    detail: refusal.message,
    ...(refusal.errors ? { errors: refusal.errors } : {}),
    ...(refusal.state ? { state: refusal.state } : {}),
  };
}

/** `zh-CN` when the caller's first wish is some Chinese, else `en`. */
export function localeOf(acceptLanguage: string | undefined): Locale {
  return /^\s*zh/i.test(acceptLanguage ?? '') ? 'zh-CN' : 'en';
}
