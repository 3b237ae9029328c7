import type { DataSource, EntityManager } from 'typeorm';
import { type Note, Refusal, type Signal, topics } from '#libs/contracts';
import type { Caller } from '#libs/domain';
import type { AgentId, NoteId } from '#libs/protocol';
import { newId } from '../database/ids.ts';
import { type Once, transactOnce } from '../database/once.ts';
import type { Signalling } from '../log/read-marks.ts';
import { type Actor, writeAudit } from './audit.ts';
import type { FindSessions } from './find-sessions.ts';
import type { SessionReadRow } from './sessions.store.ts';

interface Row {
  note_id: NoteId;
  author_id: AgentId;
  author_name: string | null;
  content: string;
  after_seq_id: number;
  created_at: Date;
}

/** Private notes of agents: no messages, and never among them; whoever of the agents may read the session sees them. */
export class Notes {
  readonly #dataSource: DataSource;
  readonly #find: FindSessions;
  readonly #signal: Signalling;

  constructor(dataSource: DataSource, find: FindSessions, signal: Signalling) {
    this.#dataSource = dataSource;
    this.#find = find;
    this.#signal = signal;
  }

  /** In the order in which they were written. */
  async list(session_id: string, caller: Caller): Promise<{ items: Note[]; next_cursor: null }> {
    const row = await this.#find.row(session_id, caller);
    return { items: await this.#read(this.#dataSource.manager, 'n.session_id = ?', row.session_id), next_cursor: null };
  }

  /** For router, which shows them to the agents of their sessions. Unknown ones are missing. */
  find(note_ids: readonly NoteId[]): Promise<Note[]> {
    return this.#read(this.#dataSource.manager, 'n.note_id IN (?)', note_ids.length > 0 ? note_ids : [null]);
  }

  /** Also to a closed session. @throws Refusal NOT_FOUND, FORBIDDEN for who is no agent */
  async add(session_id: string, content: string, caller: Caller, by: Actor, once?: Once): Promise<Note> {
    if (caller.kind !== 'agent') throw new Refusal('FORBIDDEN');
    const { agent_id } = caller;
    const session = await this.#find.row(session_id, caller);
    const note = await transactOnce(this.#dataSource, once, async (tx) => {
      const note_id = newId('note');
      await insertNote(tx, note_id, session, { author_id: agent_id, content });
      // Who wrote when, not what: words stay out of the audit.
      await writeAudit(tx, by, 'session.note', session.session_id, null, { note_id });
      const [written] = await this.#read(tx, 'n.note_id = ?', note_id);
      if (!written) throw new Error(`${note_id} vanished inside its transaction`);
      return written;
    });
    // A signal may be lost: the note stands, whatever becomes of it.
    const signal: Signal = { type: 'note', session_id: session.session_id, note_id: note.note_id };
    void this.#signal(topics.signals.name, session.session_id, signal).catch(() => undefined);
    return note;
  }

  /** @param condition a constant of ours with one placeholder */
  async #read(tx: EntityManager, condition: string, value: unknown): Promise<Note[]> {
    const rows = await tx.query<Row[]>(
      `SELECT n.note_id, n.author_id, a.name AS author_name, n.content, n.after_seq_id, n.created_at
       FROM notes n LEFT JOIN agents a ON a.agent_id = n.author_id WHERE ${condition} ORDER BY n.created_at, n.note_id`,
      [value],
    );
    return rows.map(toNote);
  }
}

/** Behind what the log holds now. */
export async function insertNote(
  tx: EntityManager,
  note_id: NoteId,
  { session_id, last_seq_id }: Pick<SessionReadRow, 'session_id' | 'last_seq_id'>,
  { author_id, content }: { author_id: AgentId; content: string },
): Promise<void> {
  await tx.query('INSERT INTO notes (note_id, session_id, author_id, content, after_seq_id) VALUES (?, ?, ?, ?, ?)', [
    note_id,
    session_id,
    author_id,
    content,
    last_seq_id,
  ]);
}

function toNote({ author_id, author_name, created_at, ...row }: Row): Note {
  return { ...row, author: { agent_id: author_id, name: author_name ?? '' }, created_at: created_at.toISOString() };
}
