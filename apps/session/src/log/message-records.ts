import { dataSchemas, formatAudience, type Message, recordHeaders, topics } from '#libs/contracts';
import { cloudEventHeaders, type TopicRecord } from '#libs/kafka';
import { agentRoom, isId, visitorRoom } from '#libs/protocol';
import type { LogFacts } from './message.store.ts';
import type { SessionFacts } from './plan-batch.ts';

/** Stored messages as records of `chat.messages.v1`, stamped with audience, state and log epoch. */
export function messageRecords(messages: readonly Message[], { sessions, log_epoch }: LogFacts): TopicRecord[] {
  return messages.flatMap((message) => {
    const session = sessions.get(message.session_id);
    if (!session) return [];
    const headers = {
      ...cloudEventHeaders({
        id: message.message_id,
        type: 'message.created',
        source: 'seqdesk/session',
        time: toIso(message.send_time),
        subject: message.session_id,
        dataschema: dataSchemas.message,
      }),
      [recordHeaders.seq_id]: String(message.seq_id),
      [recordHeaders.log_epoch]: String(log_epoch),
      [recordHeaders.state]: session.state,
      [recordHeaders.audience]: formatAudience(audienceOf(message, session)),
    };
    return [{ topic: topics.messages.name, key: message.session_id, value: JSON.stringify(message), headers }];
  });
}

/** The visitor, the serving agent, and always the sender: an agent's late word comes back to its screen too. */
function audienceOf({ sender }: Message, { visitor_id, agent_id }: SessionFacts): string[] {
  const rooms = new Set([visitorRoom(visitor_id)]);
  if (agent_id) rooms.add(agentRoom(agent_id));
  if (isId('agt', sender)) rooms.add(agentRoom(sender));
  return [...rooms];
}

function toIso(send_time: string): string {
  return new Date(Number(BigInt(send_time) / 1_000_000n)).toISOString();
}
