import type { RoutesQuestion } from '#libs/contracts';
import type { SessionClient } from '#libs/session-client';
import type { AskRoutes } from './route-table.store.ts';

const IDS_A_QUESTION = 1_000;

/** As many questions as it takes, at once. Whoever asks can do without an answer: what fails gives nothing. */
export function createAskRoutes(session: Pick<SessionClient, 'routes'>): AskRoutes {
  const ask = async (ids: readonly string[]) => {
    try {
      return Object.values(await session.routes(ids as RoutesQuestion['session_ids']));
    } catch {
      return []; // session's client has logged why
    }
  };
  return async (session_ids) => {
    const questions: ReturnType<typeof ask>[] = [];
    for (let from = 0; from < session_ids.length; from += IDS_A_QUESTION) {
      questions.push(ask(session_ids.slice(from, from + IDS_A_QUESTION)));
    }
    return (await Promise.all(questions)).flat();
  };
}
