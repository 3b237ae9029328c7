import { expect, test } from 'vitest';
import type { Message } from '#libs/contracts';
import { findViolations } from './checker.ts';
import type { Sending } from './talker.ts';

function messageOf(seq_id: number, content: string, sender = 'vis_a'): Message {
  return { seq_id, content, sender, message_id: `msg_${content}`, client_msg_id: `cid_${content}` } as Message;
}
let clock = 0;
function sendingOf(content: string): Sending {
  const sent_at = (clock += 1);
  const acked_at = (clock += 1);
  const [message_id, client_msg_id] = [`msg_${content}`, `cid_${content}`];
  return { session_id: 'ses', content, client_msg_id, attempts: 1, message_id, sent_at, acked_at };
}
const good = [messageOf(1, 'a'), messageOf(2, 'b'), messageOf(3, 'c')];
const sendings = [sendingOf('a'), sendingOf('b'), sendingOf('c')];
const check = (stored: Message[], view: Message[] = stored, sent = sendings) =>
  findViolations({ sendings: sent, stored, views: { view } });

test('a complete history has no violations', () => {
  expect(check(good)).toEqual([]);
});

test.each<[string, Message[], Message[]?]>([
  ['a lost word', good.slice(0, 2)],
  ['a hole', [messageOf(1, 'a'), messageOf(3, 'b'), messageOf(4, 'c')]],
  ['a double', [...good, messageOf(4, 'c')]],
  ['a reordered sender', [messageOf(1, 'b'), messageOf(2, 'a'), messageOf(3, 'c')]],
  ['a shorter view', good, good.slice(0, 2)],
  ['a view in another order', good, [messageOf(1, 'a'), messageOf(2, 'c'), messageOf(3, 'b')]],
])('%s is a violation', (_name, stored, view) => {
  expect(check(stored, view)).not.toEqual([]);
});

test('a word that was never acked may be missing, but not twice', () => {
  const unacked = { session_id: 'ses', content: 'd', client_msg_id: 'cid_d', attempts: 3, sent_at: 99 };
  const sent = [...sendings, unacked];
  expect(check(good, good, sent)).toEqual([]);
  expect(check([...good, messageOf(4, 'd'), messageOf(5, 'd')], undefined, sent)).not.toEqual([]);
});
