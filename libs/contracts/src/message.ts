import { z } from 'zod';
import { messageTypes, senderRoles } from '#libs/protocol';
import { clientMsgId, messageId, sessionId } from './ids.ts';

export type MessageType = (typeof messageTypes)[number];
export type SenderRole = (typeof senderRoles)[number];

/** The longest text, in UTF-16 code units. */
export const MAX_TEXT_LENGTH = 10_000;

// A lone surrogate can't be written as UTF-8; storing it would change the sender's words silently.
export const unicode = (max: number) =>
  z
    .string()
    .max(max)
    .refine((text) => text.isWellFormed(), 'must be well-formed Unicode');
const line = (max: number) => unicode(max).min(1);

const textContent = line(MAX_TEXT_LENGTH);
const httpsUrl = z.url({ protocol: /^https$/ }).max(2_000);
const cardContent = z.strictObject({
  title: line(200),
  description: line(2_000).optional(),
  image_url: httpsUrl.optional(),
  url: httpsUrl.optional(),
  price: line(100).optional(),
});
const choicesContent = z.strictObject({
  text: textContent,
  choices: z
    .array(z.strictObject({ choice_id: line(64), text: line(500) }))
    .min(1)
    .max(20),
});
export const recallContent = z.strictObject({ message_id: messageId });

/** What may be sent, by type; who may send which is said by libs/domain. Files come with the file store. */
const contents = {
  text: textContent,
  notification: textContent,
  card: cardContent,
  choices: choicesContent,
  recall: recallContent,
} as const satisfies Partial<Record<MessageType, z.ZodType>>;
export type SendableType = keyof typeof contents;
const sendableTypes = Object.keys(contents) as SendableType[];

type SendingOf<Fields extends z.core.$ZodLooseShape, Type extends SendableType> = {
  [T in Type]: z.ZodObject<Fields & { type: z.ZodLiteral<T>; content: (typeof contents)[T] }, z.core.$strict>;
}[Type];

/** A sending of one of these types: the fields, and the content that goes with its type. Unknown fields are refused. */
export function sendingOf<Fields extends z.core.$ZodLooseShape, Type extends SendableType>(
  fields: Fields,
  types: readonly Type[],
) {
  const sendings = types.map((type) => z.strictObject({ ...fields, type: z.literal(type), content: contents[type] }));
  // The compiler can't follow the map: each entry is the sending of its type.
  return z.discriminatedUnion('type', sendings as unknown as [SendingOf<Fields, Type>]);
}

const sendingFields = {
  client_msg_id: clientMsgId,
  reply_to: messageId.nullable().optional(),
  choice_id: line(64).optional(),
};
/** Body of `POST /sessions/{id}/messages`. */
export const sendMessageBody = sendingOf(sendingFields, sendableTypes);
/** Data of `message:send`. */
export const messageSend = sendingOf({ ...sendingFields, session_id: sessionId }, sendableTypes);
export type MessageSend = z.output<typeof messageSend>;
export type SendMessageBody = z.output<typeof sendMessageBody>;
/** Acknowledgement of a sending: the message is durable in Kafka. */
export interface Sent {
  message_id: z.output<typeof messageId>;
  send_time: string;
}

/** One entry of a session's log. `send_time`: nanoseconds since 1970 as a decimal string. Unknown fields are dropped. */
export const message = z.object({
  message_id: messageId,
  session_id: sessionId,
  seq_id: z.number().int().positive(),
  type: z.enum(messageTypes),
  sender: z.string().min(1).max(64),
  sender_role: z.enum(senderRoles),
  target: z.string().min(1).max(64),
  content: z.union([z.string(), z.record(z.string(), z.unknown())]),
  send_time: z.string().regex(/^\d{1,20}$/),
  client_msg_id: clientMsgId,
  reply_to: messageId.nullable(),
  choice_id: z.string().optional(),
});
export type Message = z.output<typeof message>;
/** A message before the writer has numbered it: the value of `chat.inbound.v1`. */
export const draft = message.omit({ seq_id: true });
export type Draft = z.output<typeof draft>;
