import { randomUUID } from 'node:crypto';
import type { Draft } from '#libs/contracts';
import type { GroupOffsets, KafkaRecord } from '#libs/kafka';
import type { Logger } from '#libs/observability';
import { messageIdOf, newId, sendTimeNow } from '../database/ids.ts';
import { inboundHeaders, parseInbound } from './inbound.ts';
import { messageRecords } from './message-records.ts';
import type { MessageStore } from './message.store.ts';
import type { PlaceStore } from './place.store.ts';
import { planBatch } from './plan-batch.ts';

interface WarmedUp {
  messages: MessageStore;
  places: PlaceStore;
  offsets: GroupOffsets;
  log: Logger;
}

const BATCHES = 20;
const RECORDS = 20;

/**
 * Takes partitions over and goes the way of a batch, without storing or sending anything. A replica that joins does both in
 * the middle of the traffic: what it still has to connect to, load and compile then is time for which words stand still.
 * Best effort: where a neighbour is away there is no traffic to be held up either.
 */
export async function warmUp({ messages, places, offsets, log }: WarmedUp): Promise<void> {
  const session = { state: 'serving', visitor_id: newId('vis'), agent_id: newId('agt') } as const;
  try {
    for (let count = 0; count < BATCHES; count += 1) {
      await Promise.all([places.readOffsets([0]), offsets.committed()]);
      const inbound = parseInbound(madeUpRecords(session.visitor_id));
      const facts = await messages.readFacts(inbound, [0]);
      const sessions = new Map(
        inbound.map(({ draft }) => [draft.session_id, { ...session, lacks_bot: false, last_seq_id: 0 }]),
      );
      const plan = planBatch(inbound, { ...facts, sessions });
      messageRecords(plan.publish, { ...facts, sessions });
    }
  } catch (err) {
    log.debug({ err }, 'the writer starts cold');
  }
}

function madeUpRecords(visitor_id: string): KafkaRecord[] {
  return Array.from({ length: RECORDS }, (_, index) => {
    const session_id = newId('ses');
    const client_msg_id = randomUUID();
    const draft: Draft = {
      message_id: messageIdOf(session_id, 'visitor', client_msg_id),
      session_id,
      type: 'text',
      sender: visitor_id,
      sender_role: 'visitor',
      target: session_id,
      content: 'a word that nobody has said',
      send_time: sendTimeNow(),
      client_msg_id,
      reply_to: null,
    };
    return {
      topic: '',
      partition: 0,
      offset: BigInt(index),
      key: session_id,
      value: Buffer.from(JSON.stringify(draft)),
      headers: inboundHeaders(newId('chn'), visitor_id),
      timestamp: Date.now(),
    };
  });
}
