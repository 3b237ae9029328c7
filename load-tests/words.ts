import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Ack, Sent } from '#libs/contracts';
import { paced } from './floors/paced.ts';
import type { Pair } from './people.ts';
import type { SentWord } from './verify.ts';

const SETTLE_LIMIT_MS = 60_000;

/** Words of all pairs in turn at an even rate; each is noted when it leaves and when it is acked. */
export async function sendWords(
  pairs: readonly Pair[],
  rate: number,
  seconds: number,
  words: Map<string, SentWord>,
): Promise<void> {
  await paced(rate, seconds, (index) => {
    const pair = pairs[index % pairs.length];
    if (!pair) return;
    const client_msg_id = randomUUID();
    const word: SentWord = { session_id: pair.session_id, client_msg_id, sent_at: performance.now() };
    words.set(client_msg_id, word);
    const data = { session_id: pair.session_id, client_msg_id, type: 'text', content: 'How do I return this?' };
    void pair.visitor.emit('message:send', data).then((answer) => {
      const ack = answer as Ack<Sent>;
      if (ack.ok) word.acked_at = performance.now();
      else word.refused = ack.error.code;
    });
  });
}

/** Until every word that was not refused is acked and on its agent's screen, or a minute is over. */
export async function waitShown(words: Map<string, SentWord>): Promise<void> {
  const end = performance.now() + SETTLE_LIMIT_MS;
  const isOpen = (word: SentWord) => !word.refused && (word.shown_at === undefined || word.acked_at === undefined);
  while (performance.now() < end && [...words.values()].some(isOpen)) await delay(100);
}
