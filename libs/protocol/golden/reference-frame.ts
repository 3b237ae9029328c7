/**
 * The frame as the table of frame-layout.ts says it, in hex, without regard to speed and without the library's own code:
 * what tests compare the library with, and what an implementation in another language may start from.
 */
import type { WireMessage, WireSend } from '../src/frame-layout.ts';

const types = 'text notification system image audio video file card choices transfer recall'.split(' ');
const roles = 'visitor agent bot system api'.split(' ');

/** The frame of a stored message. */
export function referenceMessage(message: WireMessage): string {
  const target = message.target === message.session_id ? '' : message.target;
  const lengths = [message.send_time.length, message.sender.length, target.length];
  return (
    `0102${common(message, 0, message.seq_id)}${byte(roles.indexOf(message.sender_role))}` +
    [...lengths, message.choice_id?.length ?? 0].map(byte).join('') +
    utf8(message.session_id + message.client_msg_id + message.message_id) +
    utf8(message.send_time + message.sender + target + rest(message))
  );
}

/** The frame of a sending. */
export function referenceSend(send: WireSend, ack: number | undefined): string {
  return (
    `0101${common(send, ack === undefined ? 0 : 4, ack ?? 0)}00000000${byte(send.choice_id?.length ?? 0)}` +
    utf8(send.session_id + send.client_msg_id + rest(send))
  );
}

function common(message: WireSend, moreFlags: number, number: number): string {
  const flags = moreFlags + (typeof message.content === 'string' ? 0 : 1) + (message.reply_to ? 2 : 0);
  return byte(flags) + byte(types.indexOf(message.type)) + BigInt(number).toString(16).padStart(16, '0');
}

function rest({ reply_to, choice_id, content }: WireSend): string {
  return (reply_to ?? '') + (choice_id ?? '') + (typeof content === 'string' ? content : JSON.stringify(content));
}

function utf8(text: string): string {
  return [...new TextEncoder().encode(text)].map(byte).join('');
}

function byte(value: number): string {
  return value.toString(16).padStart(2, '0');
}
