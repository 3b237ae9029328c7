import type { Message } from '#libs/contracts';
import type { Sending } from './talker.ts';

/** What was recorded of one session during a run. */
export interface History {
  /** Everything anybody tried to send. */
  sendings: readonly Sending[];
  /** MySQL's rows, by seq_id. */
  stored: readonly Message[];
  /** Final lists of everybody who looks at the session, by name. */
  views: Readonly<Record<string, readonly Message[]>>;
}

/**
 * Checks G1–G3 over a recorded history and returns every violation as a sentence; an empty list is a pass.
 * G1 acked → stored exactly once. G2 not acked → stored at most once. G3 numbers 1..n, all views alike.
 */
export function findViolations({ sendings, stored, views }: History): string[] {
  return [
    ...findHoles(stored),
    ...findLostAndDoubled(sendings, stored),
    ...findDisorder(sendings, stored),
    ...Object.entries(views).flatMap(([name, view]) => findDifferences(name, view, stored)),
  ];
}

function findHoles(stored: readonly Message[]): string[] {
  return stored.flatMap((message, index) =>
    message.seq_id === index + 1 ? [] : [`row ${index + 1} has seq_id ${message.seq_id}`],
  );
}

function findLostAndDoubled(sendings: readonly Sending[], stored: readonly Message[]): string[] {
  const times = new Map<string, number>();
  for (const { client_msg_id } of stored) times.set(client_msg_id, (times.get(client_msg_id) ?? 0) + 1);
  const rowOf = new Map(stored.map((message) => [message.client_msg_id, message]));
  return sendings.flatMap(({ client_msg_id, message_id, content }) => {
    const count = times.get(client_msg_id) ?? 0;
    if (count > 1) return [`stored ${count} times: ${content}`];
    if (count === 0 && message_id !== undefined) return [`acked but lost: ${content}`];
    const row = rowOf.get(client_msg_id);
    if (row && message_id !== undefined && row.message_id !== message_id) return [`two identities: ${content}`];
    return row && row.content !== content ? [`changed on the way: ${content}`] : [];
  });
}

/** What a sender sent after another word of the same sender was acked must stand behind it. */
function findDisorder(sendings: readonly Sending[], stored: readonly Message[]): string[] {
  const rowOf = new Map(stored.map((message) => [message.client_msg_id, message]));
  const bySender = new Map<string, Placed[]>();
  for (const { client_msg_id, sent_at, acked_at } of sendings) {
    const row = rowOf.get(client_msg_id);
    if (!row || acked_at === undefined) continue;
    const placed = bySender.get(row.sender) ?? [];
    bySender.set(row.sender, placed);
    placed.push({ seq_id: row.seq_id, sent_at, acked_at });
  }
  return [...bySender.values()].flatMap(findOvertaken);
}

interface Placed {
  seq_id: number;
  sent_at: number;
  acked_at: number;
}

function findOvertaken(placed: readonly Placed[]): string[] {
  const byAck = placed.toSorted((one, other) => one.acked_at - other.acked_at);
  let acked = 0;
  let highest = 0;
  return placed
    .toSorted((one, other) => one.sent_at - other.sent_at)
    .flatMap(({ seq_id, sent_at }) => {
      for (let next = byAck[acked]; next && next.acked_at < sent_at; next = byAck[acked]) {
        highest = Math.max(highest, next.seq_id);
        acked += 1;
      }
      return highest > seq_id ? [`out of order: ${seq_id} was sent after ${highest} was acked`] : [];
    });
}

function findDifferences(name: string, view: readonly Message[], stored: readonly Message[]): string[] {
  if (view.length !== stored.length) return [`${name} shows ${view.length} of ${stored.length} messages`];
  return stored.flatMap((row, index) => {
    const shown = view[index];
    if (!shown) return [`${name} misses ${row.seq_id}`];
    const same = shown.message_id === row.message_id && shown.seq_id === row.seq_id && isSameContent(shown, row);
    return same ? [] : [`${name} shows ${shown.message_id} at ${row.seq_id}, stored is ${row.message_id}`];
  });
}

function isSameContent(one: Message, other: Message): boolean {
  return JSON.stringify(one.content) === JSON.stringify(other.content);
}
