import type { DataSource } from 'typeorm';
import { type MessageSend, recallContent, Refusal } from '#libs/contracts';
import { type Caller, canSendType } from '#libs/domain';
import { senderOf } from './sender.ts';

const RECALL_MINUTES = 2;

interface Referred {
  sender: string;
  sender_role: string;
  type: string;
  is_fresh: number;
}

/** What a message that is more than a plain text must fulfil, beside its shape. */
export class MessageRules {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  /** @throws Refusal VALIDATION_FAILED or FORBIDDEN */
  async check(message: Omit<MessageSend, 'client_msg_id'>, caller: Caller): Promise<void> {
    if (!canSendType(caller, message.type)) {
      throw new Refusal('FORBIDDEN', { detail: `a caller of this kind sends no ${message.type}` });
    }
    if (message.reply_to) await this.#find(message.session_id, message.reply_to, 'reply_to');
    if (message.type === 'recall') {
      const { message_id } = recallContent.parse(message.content);
      await this.#checkRecall(message.session_id, message_id, caller);
    }
  }

  async #checkRecall(session_id: string, message_id: string, caller: Caller): Promise<void> {
    const referred = await this.#find(session_id, message_id, 'content.message_id');
    const { sender, sender_role } = senderOf(caller);
    const isOwn = sender_role === 'visitor' ? referred.sender_role === 'visitor' : referred.sender === sender;
    if (!isOwn) throw new Refusal('FORBIDDEN', { detail: 'only its sender withdraws a message' });
    if (referred.type === 'recall' || !Number(referred.is_fresh)) {
      throw new Refusal('FORBIDDEN', { detail: `a message can be withdrawn for ${RECALL_MINUTES} minutes` });
    }
  }

  async #find(session_id: string, message_id: string, path: string): Promise<Referred> {
    const [row] = await this.#dataSource.query<Referred[]>(
      `SELECT sender, sender_role, type, stored_at > NOW(6) - INTERVAL ${RECALL_MINUTES} MINUTE AS is_fresh
       FROM messages WHERE message_id = ? AND session_id = ?`,
      [message_id, session_id],
    );
    if (!row) throw new Refusal('VALIDATION_FAILED', { detail: `${path}: no such message in this session` });
    return row;
  }
}
