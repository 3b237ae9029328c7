import type { DataSource } from 'typeorm';
import type { HeadsAnswer, HeadsQuestion } from '#libs/contracts';
import { isId } from '#libs/protocol';

/** A closed session stays among the heads so long: the tail that somebody missed at its closing is still found. */
const LATELY_MINUTES = 10;

interface HeadRow {
  reader: string;
  session_id: string;
  version: number;
  seq_id: string | number;
}

/** Heads of people's open and lately closed sessions, read from the log by primary key. */
export class HeadsReader {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  async read({ readers, watched = [] }: HeadsQuestion): Promise<HeadsAnswer> {
    const visitors = readers.filter((reader) => isId('vis', reader));
    const agents = readers.filter((reader) => isId('agt', reader));
    const [epoch, ofVisitors, ofAgents, ofWatched] = await Promise.all([
      this.#dataSource.query<{ value: string | number }[]>("SELECT value FROM cluster_facts WHERE name = 'log_epoch'"),
      this.#of('visitor_id', visitors),
      this.#of('agent_id', agents),
      this.#of('session_id', watched),
    ]);
    const answer: HeadsAnswer = { log_epoch: Number(epoch[0]?.value), heads: {}, watched: {} };
    for (const reader of readers) answer.heads[reader] = {};
    for (const { reader, session_id, seq_id, version } of [...ofVisitors, ...ofAgents]) {
      const heads = answer.heads[reader];
      if (heads) heads[session_id] = { seq_id: Number(seq_id), version };
    }
    for (const { session_id, seq_id, version } of ofWatched)
      answer.watched[session_id] = { seq_id: Number(seq_id), version };
    return answer;
  }

  #of(column: 'visitor_id' | 'agent_id' | 'session_id', ids: readonly string[]): Promise<HeadRow[]> {
    if (ids.length === 0) return Promise.resolve([]);
    return this.#dataSource.query<HeadRow[]>(
      `SELECT s.${column} AS reader, s.session_id, s.version,
         COALESCE((SELECT MAX(m.seq_id) FROM messages m WHERE m.session_id = s.session_id), 0) AS seq_id
       FROM sessions s WHERE s.${column} IN (?)
         AND (s.closed_at IS NULL OR s.closed_at > NOW(6) - INTERVAL ${LATELY_MINUTES} MINUTE)`,
      [ids],
    );
  }
}
