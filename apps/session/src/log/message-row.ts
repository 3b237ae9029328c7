import type { Message } from '#libs/contracts';

/** A row of `messages` as mysql2 gives it. */
export interface MessageRow {
  message_id: string;
  session_id: string;
  seq_id: number | string;
  type: Message['type'];
  sender: string;
  sender_role: Message['sender_role'];
  target: string;
  content: string;
  send_time: string | number;
  client_msg_id: string;
  reply_to: string | null;
  choice_id: string | null;
}

const MESSAGE_COLUMNS = [
  'session_id',
  'seq_id',
  'message_id',
  'type',
  'sender',
  'sender_role',
  'target',
  'content',
  'send_time',
  'client_msg_id',
  'reply_to',
  'choice_id',
] as const;
export const MESSAGE_COLUMN_LIST = MESSAGE_COLUMNS.join(', ');

/** Types whose content is a plain text; all others are stored as JSON text. */
const plain: ReadonlySet<Message['type']> = new Set(['text', 'notification', 'system']);

export function toMessage(row: MessageRow): Message {
  const { choice_id, ...rest } = row;
  return {
    ...(rest as unknown as Message),
    seq_id: Number(row.seq_id),
    send_time: String(row.send_time),
    content: plain.has(row.type) ? row.content : (JSON.parse(row.content) as Record<string, unknown>),
    ...(choice_id === null ? {} : { choice_id }),
  };
}

/** The values in the order of MESSAGE_COLUMNS. */
export function toValues(message: Message): unknown[] {
  return MESSAGE_COLUMNS.map((column) => {
    if (column === 'content' && typeof message.content !== 'string') return JSON.stringify(message.content);
    return message[column] ?? null;
  });
}
