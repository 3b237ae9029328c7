import { z } from 'zod';
import { internalPaths, sessionRoute, type RoutesQuestion, type SessionRoute } from '#libs/contracts';
import type { AskRoutes } from './route-table.store.ts';

export interface SessionClientOptions {
  readonly session_urls: readonly string[];
  readonly service_token: string;
  readonly deadline_ms: number;
  readonly log: { warn(fields: object, message: string): void };
}

const routesAnswer = z.object({ routes: z.record(z.string(), sessionRoute.strip()) });
const IDS_A_QUESTION = 1_000;

/**
 * Asks session over its internal HTTP API, replicas in turn, all within one deadline. Whoever asks can do without an
 * answer: failures are logged and give nothing.
 */
export function createAskRoutes({ session_urls, service_token, deadline_ms, log }: SessionClientOptions): AskRoutes {
  let next = 0;
  return async (session_ids) => {
    const deadline = AbortSignal.timeout(deadline_ms);
    const questions: RoutesQuestion[] = [];
    for (let from = 0; from < session_ids.length; from += IDS_A_QUESTION) {
      questions.push({ session_ids: session_ids.slice(from, from + IDS_A_QUESTION) as RoutesQuestion['session_ids'] });
    }
    const ask = async (question: RoutesQuestion): Promise<SessionRoute[]> => {
      for (let tries = 0; tries < session_urls.length && !deadline.aborted; tries += 1) {
        const url = session_urls[(next += 1) % session_urls.length] ?? '';
        try {
          return await post(new URL(internalPaths.routes, url), service_token, question, deadline);
        } catch (err) {
          log.warn({ err, url }, 'session did not answer for routes');
        }
      }
      return [];
    };
    return (await Promise.all(questions.map(ask))).flat();
  };
}

async function post(url: URL, token: string, question: RoutesQuestion, signal: AbortSignal): Promise<SessionRoute[]> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(question),
    signal,
  });
  if (!response.ok) throw new Error(`answered ${response.status}`);
  return Object.values(routesAnswer.parse(await response.json()).routes);
}
