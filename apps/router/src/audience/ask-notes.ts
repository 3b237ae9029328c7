import type { Note } from '#libs/contracts';
import type { NoteId } from '#libs/protocol';
import type { SessionClient } from '#libs/session-client';

/** Asks session for notes; what can't be had is missing. */
export abstract class AskNotes {
  abstract ask(note_ids: readonly NoteId[]): Promise<Record<string, Note>>;
}

export class AskSessionForNotes extends AskNotes {
  readonly #session: Pick<SessionClient, 'notes'>;

  constructor(session: Pick<SessionClient, 'notes'>) {
    super();
    this.#session = session;
  }

  async ask(note_ids: readonly NoteId[]): Promise<Record<string, Note>> {
    if (note_ids.length === 0) return {};
    // A note that is not shown now is found when somebody looks; session's client has logged why.
    return this.#session.notes([...note_ids]).catch(() => ({}));
  }
}
