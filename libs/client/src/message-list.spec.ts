import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Message } from '#libs/contracts';
import { MessageList } from './message-list.ts';

const messageOf = (seq_id: number) => ({ seq_id, message_id: `msg_${seq_id}` }) as Message;

test('whatever order and repeats arrive in, 1…n is shown once and in order', () => {
  const arrivals = fc.integer({ min: 1, max: 30 }).chain((count) =>
    fc.tuple(
      fc.shuffledSubarray(
        Array.from({ length: count }, (_, index) => index + 1),
        { minLength: count },
      ),
      fc.array(fc.integer({ min: 1, max: count })),
    ),
  );
  fc.assert(
    fc.property(arrivals, ([order, repeats]) => {
      const list = new MessageList();
      const shown = [...order, ...repeats].flatMap((seq_id) => list.add(messageOf(seq_id)));
      const expected = Array.from({ length: order.length }, (_, index) => index + 1);
      expect(shown.map((message) => message.seq_id)).toEqual(expected);
      expect(list.visible.map((message) => message.seq_id)).toEqual(expected);
      expect(list.isBehind).toBe(false);
    }),
  );
});

test('nothing behind a hole is shown, and the hole is known', () => {
  const list = new MessageList();
  expect(list.add(messageOf(1))).toHaveLength(1);
  expect(list.add(messageOf(3))).toHaveLength(0);
  expect(list.isBehind).toBe(true);
  expect(list.last_seq_id).toBe(1);
  expect(list.add(messageOf(2)).map((message) => message.seq_id)).toEqual([2, 3]);
});

test('a head ahead of the list shows that the tail is missing', () => {
  const list = new MessageList();
  list.noticeHead(4);
  expect(list.isBehind).toBe(true);
});
