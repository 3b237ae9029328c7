import { createConnection, type RowDataPacket } from 'mysql2/promise';

/** One message of the load; times on this process's `performance.now()` clock. */
export interface SentWord {
  session_id: string;
  client_msg_id: string;
  sent_at: number;
  acked_at?: number;
  shown_at?: number;
  stored_at?: number;
  refused?: string;
}

export interface Verdict {
  sent: number;
  acked: number;
  refused: number;
  stored: number;
  /** Acked, but not in MySQL. */
  lost: number;
  /** In MySQL more than once. */
  doubled: number;
  /** Numbers missing from 1…n of a session. */
  holes: number;
  /** Stored, but never pushed to the agent. Clients fetch such words; a push is only a hint. */
  not_pushed: number;
  /** Pushed again; clients drop what they have. */
  repeated_pushes: number;
  /** Pushed behind a higher number of the same session for the first time. */
  pushed_out_of_order: number;
}

/** Reads every session of the load from MySQL, notes each word's commit time, and counts what went wrong. */
export async function verify(
  mysql_url: string,
  words: Map<string, SentWord>,
  arrivals: readonly { session_id: string; seq_id: number; client_msg_id: string }[],
): Promise<Verdict> {
  const connection = await createConnection({ uri: mysql_url });
  const times = new Map<string, number>();
  let [stored, holes] = [0, 0];
  for (const session_id of new Set([...words.values()].map((word) => word.session_id))) {
    const [rows] = await connection.query<RowDataPacket[]>(
      'SELECT seq_id, client_msg_id, UNIX_TIMESTAMP(stored_at) * 1000 AS stored_ms FROM messages WHERE session_id = ? ORDER BY seq_id',
      [session_id],
    );
    for (const [index, row] of rows.entries()) {
      if (Number(row['seq_id']) !== index + 1) holes += 1;
      const client_msg_id = String(row['client_msg_id']);
      times.set(client_msg_id, (times.get(client_msg_id) ?? 0) + 1);
      const word = words.get(client_msg_id);
      if (!word) continue;
      stored += 1;
      word.stored_at = Number(row['stored_ms']) - performance.timeOrigin;
    }
  }
  await connection.end();
  const all = [...words.values()];
  return {
    sent: all.length,
    acked: all.filter((word) => word.acked_at !== undefined).length,
    refused: all.filter((word) => word.refused !== undefined).length,
    stored,
    lost: all.filter((word) => word.acked_at !== undefined && !times.has(word.client_msg_id)).length,
    doubled: [...times.values()].filter((count) => count > 1).length,
    holes,
    not_pushed: all.filter((word) => times.has(word.client_msg_id) && word.shown_at === undefined).length,
    ...judgePushes(arrivals),
  };
}

function judgePushes(arrivals: readonly { session_id: string; seq_id: number; client_msg_id: string }[]) {
  const seen = new Set<string>();
  const highest = new Map<string, number>();
  let [repeated_pushes, pushed_out_of_order] = [0, 0];
  for (const { session_id, seq_id, client_msg_id } of arrivals) {
    if (seen.has(client_msg_id)) {
      repeated_pushes += 1;
      continue;
    }
    seen.add(client_msg_id);
    const before = highest.get(session_id) ?? 0;
    if (before > seq_id) pushed_out_of_order += 1;
    highest.set(session_id, Math.max(before, seq_id));
  }
  return { repeated_pushes, pushed_out_of_order };
}
