/**
 * `message:send`: from a client's words to a record in `chat.inbound.v1`.
 *
 * The order of the lines is the promise: who may not write is refused before anything is produced, the client is told only
 * after Kafka has acked, and what is told stands. The message's identity is derived from the sending, so that a resend,
 * over whichever gateway, is the same message.
 */
import { hash } from 'node:crypto';
import type { FailpointName } from '#libs/config';
import {
  type CheckMessageQuestion,
  type Draft,
  type MessageSend,
  messageSend,
  recordHeaders,
  type Sent,
  type SessionRoute,
} from '#libs/contracts';
import { idOf, type Person } from '#libs/domain';
import { deriveMessageId, toSendTime, VISITOR_SENDER } from '#libs/protocol';
import { now } from '../connection/clock.ts';
import type { MayWrite } from './may-write.ts';
import { parse } from './parse.ts';

export interface InboundRecord {
  readonly key: string;
  readonly value: string;
  readonly headers: Record<string, string>;
}

export interface SendMessageParts {
  readonly mayWrite: MayWrite;
  /** @throws Refusal when session does not allow it, or can't be asked */
  readonly check: (question: CheckMessageQuestion) => Promise<void>;
  /** To `chat.inbound.v1`; resolves when Kafka has acked. @throws when it has not: the outcome is unknown */
  readonly produce: (record: InboundRecord) => Promise<void>;
  readonly failpoints: { hit(name: FailpointName): void };
}

export class SendMessage {
  readonly #parts: SendMessageParts;

  constructor(parts: SendMessageParts) {
    this.#parts = parts;
  }

  /** @throws Refusal, or what `produce` throws */
  async run(person: Person, data: unknown): Promise<Sent> {
    const { mayWrite, check, produce, failpoints } = this.#parts;
    failpoints.hit('gateway.after_receive');
    const message = parse(messageSend, data);
    const route = await mayWrite.write(person, message.session_id);
    if (!isPlain(message)) await check({ caller: person, message });
    const draft = toDraft(message, person, toSendTime(now()));
    await produce(toRecord(draft, route));
    failpoints.hit('gateway.after_produce');
    return { message_id: draft.message_id, send_time: draft.send_time };
  }
}

/** Plain text stands for itself; whatever refers to something else only session can judge. */
function isPlain({ type, reply_to }: MessageSend): boolean {
  return type === 'text' && !reply_to;
}

/** A message before the writer has numbered it. */
function toDraft(message: MessageSend, person: Person, send_time: string): Draft {
  const { session_id, client_msg_id, type, content, reply_to, choice_id } = message;
  const sender = idOf(person);
  const identity = person.kind === 'visitor' ? VISITOR_SENDER : sender;
  const message_id = deriveMessageId(session_id, identity, client_msg_id, (text) => hash('sha256', text, 'buffer'));
  return {
    message_id,
    session_id,
    type,
    sender,
    sender_role: person.kind,
    target: session_id,
    content,
    send_time,
    client_msg_id,
    reply_to: reply_to ?? null,
    ...(choice_id === undefined ? {} : { choice_id }),
  };
}

/** The headers are enough to open a session that the database has forgotten. */
function toRecord(draft: Draft, { channel_id, visitor_id }: SessionRoute): InboundRecord {
  return {
    key: draft.session_id,
    value: JSON.stringify(draft),
    headers: { [recordHeaders.channel_id]: channel_id, [recordHeaders.visitor_id]: visitor_id },
  };
}
