import { hash, randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { type Draft, Refusal, type SendBody, type SendMessageBody, type Sent, topics } from '#libs/contracts';
import { type Caller, canWriteMessage } from '#libs/domain';
import { type ChannelId, isId, type MessageId, type SessionId, type VisitorId } from '#libs/protocol';
import { AgentRow, ChannelRow, VisitorRow } from '../database/entities.ts';
import { messageIdOf, sendTimeNow } from '../database/ids.ts';
import { type Once, transactOnce } from '../database/once.ts';
import { isDuplicate } from '../database/transact.ts';
import type { FindSessions } from '../lifecycle/find-sessions.ts';
import { requireSameChannel, type SessionOpening } from '../lifecycle/session-opening.ts';
import type { SessionReadRow } from '../lifecycle/sessions.store.ts';
import type { Boot } from '../visitors/boot.ts';
import { inboundHeaders } from './inbound.ts';
import type { MessageRules } from './message-rules.ts';
import { senderOf } from './sender.ts';

/** Produces to `chat.inbound.v1` and resolves when Kafka has acked. */
export type Produce = (
  topic: string,
  record: { key: string; value: string; headers: Record<string, string> },
) => Promise<void>;

export interface SendAnswer extends Sent {
  session_id: SessionId;
  client_msg_id: string;
}

interface SendingRow {
  session_id: SessionId;
  message_id: MessageId;
  send_time: string;
  body_hash: string;
}

export interface SendingParts {
  dataSource: DataSource;
  find: FindSessions;
  opening: SessionOpening;
  boot: Boot;
  rules: MessageRules;
  produce: Produce;
}

/** Messages over REST: they go the way of every message, and the answer comes when Kafka has them. */
export class Sending {
  readonly #parts: SendingParts;

  constructor(parts: SendingParts) {
    this.#parts = parts;
  }

  /** For clients without a socket; the same as `message:send`. */
  async toSession(session_id: string, body: SendMessageBody, caller: Caller, once?: Once): Promise<Sent> {
    const { dataSource, find, rules } = this.#parts;
    const session = await find.row(session_id, caller, 'messages:write');
    if (!canWriteMessage(caller, session)) throw new Refusal('FORBIDDEN');
    const { sender, sender_role, identity } = senderOf(caller);
    const message_id = messageIdOf(session.session_id, identity, body.client_msg_id);
    const decide = async () => {
      await rules.check({ ...body, session_id: session.session_id }, caller);
      return { message_id, send_time: sendTimeNow() };
    };
    // What is answered is decided before it is produced: a repeat produces the same identity again, which changes nothing.
    const { send_time } = once ? await transactOnce(dataSource, once, decide) : await decide();
    await this.#produce(session, { ...body, message_id, send_time, sender, sender_role });
    return { message_id, send_time };
  }

  /** From a program to a user, known or new. What was decided is committed before it is produced: a repeat repeats it. */
  async toUser(
    body: SendBody,
    caller: Extract<Caller, { kind: 'key' }>,
    idempotency_key: string | undefined,
  ): Promise<SendAnswer> {
    const client_msg_id =
      body.client_msg_id ?? (idempotency_key ? uuidOf(caller.key_id, idempotency_key) : randomUUID());
    const { sender, sender_role, identity } = senderOf(caller, body.from);
    if (sender_role === 'agent') await this.#requireAgent(sender);
    const body_hash = hash('sha256', JSON.stringify(body));
    const key = idempotency_key && uuidOf(caller.key_id, idempotency_key);
    const byKey = key && (await this.#findSending(caller.key_id, key));
    // Under one Idempotency-Key another body is a mistake; under one client_msg_id the first content wins.
    if (byKey && byKey.body_hash !== body_hash) throw new Refusal('IDEMPOTENCY_MISMATCH');
    const before = byKey || (await this.#findSending(caller.key_id, client_msg_id));
    const session = before
      ? await this.#parts.find.row(before.session_id, caller, 'messages:write')
      : await this.#sessionFor(body, caller);
    const decision = {
      session_id: session.session_id,
      message_id: messageIdOf(session.session_id, identity, client_msg_id),
      send_time: sendTimeNow(),
      body_hash,
    };
    const underKey = key ? await this.#decide(caller.key_id, key, decision) : decision;
    // Another call with the key was faster.
    if (underKey.body_hash !== body_hash) throw new Refusal('IDEMPOTENCY_MISMATCH');
    const decided = key === client_msg_id ? underKey : await this.#decide(caller.key_id, client_msg_id, underKey);
    const { message_id, send_time, session_id } = decided;
    const goal =
      session_id === session.session_id ? session : await this.#parts.find.row(session_id, caller, 'messages:write');
    const { type, content } = body;
    await this.#produce(goal, { type, content, client_msg_id, message_id, send_time, sender, sender_role });
    return { message_id, session_id, client_msg_id, send_time };
  }

  async #produce(
    session: SessionReadRow,
    message: Pick<Draft, 'type' | 'content' | 'client_msg_id' | 'message_id' | 'send_time' | 'sender' | 'sender_role'> &
      Pick<SendMessageBody, 'reply_to' | 'choice_id'>,
  ): Promise<void> {
    const { session_id, channel_id, visitor_id } = session;
    const { choice_id, reply_to = null, ...rest } = message;
    const draft: Draft = { ...rest, session_id, target: session_id, reply_to, ...(choice_id ? { choice_id } : {}) };
    const headers = inboundHeaders(channel_id, visitor_id);
    await this.#parts.produce(topics.inbound.name, { key: session_id, value: JSON.stringify(draft), headers });
  }

  async #sessionFor(body: SendBody, caller: Extract<Caller, { kind: 'key' }>): Promise<SessionReadRow> {
    const { find, opening } = this.#parts;
    const by = { id: caller.key_id };
    if (isId('ses', body.to)) {
      const row = await find.row(body.to, caller, 'messages:write');
      requireSameChannel(body.channel_id, row);
      if (row.state !== 'closed') return row;
      const follow_up = await opening.openFollowUp(row.session_id, { origin: 'api', by });
      return find.row(follow_up, caller, 'messages:write');
    }
    const { visitor_id, channel_id } = await this.#visitorFor(body);
    return opening.openForApi(visitor_id, channel_id, by);
  }

  async #visitorFor({
    to,
    channel_id,
    attributes,
  }: SendBody): Promise<{ visitor_id: VisitorId; channel_id: ChannelId }> {
    const { dataSource, opening, boot } = this.#parts;
    if (isId('vis', to)) return opening.requireVisitor(to, channel_id);
    const where = { user_id: to, ...(channel_id ? { channel_id } : {}) };
    const [known, other] = await dataSource.manager.findBy(VisitorRow, where);
    if (known && !other) return known;
    return boot.forUser(channel_id ?? (await this.#onlyChannel()), to, attributes);
  }

  async #onlyChannel(): Promise<ChannelId> {
    const [channel, other] = await this.#parts.dataSource.manager.find(ChannelRow, { take: 2 });
    if (!channel || other) throw new Refusal('CHANNEL_REQUIRED');
    return channel.channel_id;
  }

  async #requireAgent(agent_id: string): Promise<void> {
    const known = isId('agt', agent_id) && (await this.#parts.dataSource.manager.existsBy(AgentRow, { agent_id }));
    if (!known) throw new Refusal('VALIDATION_FAILED', { detail: 'from: no such agent' });
  }

  /** Commits the decision, or returns the one made before. */
  async #decide(caller: string, client_msg_id: string, decision: SendingRow): Promise<SendingRow> {
    const { session_id, message_id, send_time, body_hash } = decision;
    try {
      await this.#parts.dataSource.query(
        'INSERT INTO sendings (caller, client_msg_id, session_id, message_id, send_time, body_hash) VALUES (?, ?, ?, ?, ?, ?)',
        [caller, client_msg_id, session_id, message_id, send_time, body_hash],
      );
      return decision;
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
    const before = await this.#findSending(caller, client_msg_id);
    if (!before) throw new Error('a sending vanished');
    return before;
  }

  async #findSending(caller: string, client_msg_id: string): Promise<SendingRow | undefined> {
    const [row] = await this.#parts.dataSource.query<SendingRow[]>(
      'SELECT session_id, message_id, send_time, body_hash FROM sendings WHERE caller = ? AND client_msg_id = ?',
      [caller, client_msg_id],
    );
    return row && { ...row, send_time: String(row.send_time) };
  }
}

/** A UUID (version 8) that stands for the caller's Idempotency-Key. */
function uuidOf(caller: string, key: string): string {
  const hex = hash('sha256', `${caller}\n${key}`);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
