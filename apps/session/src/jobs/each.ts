import { Refusal } from '#libs/contracts';
import type { Logger } from '#libs/observability';
import { isConnectionLost } from '../database/transact.ts';

/**
 * Does it for each in turn, and gives those that failed. One that fails is logged and left to the next sweep: what stands
 * behind it must have its turn. A refusal is no failure: somebody else has changed it meanwhile.
 * @throws when the database is away, as the others would fail the same way
 */
export async function doEach<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
  { what, log }: { what: string; log: Logger },
): Promise<Item[]> {
  const failed: Item[] = [];
  for (const item of items) {
    try {
      await work(item);
    } catch (err) {
      if (err instanceof Refusal) continue;
      if (isConnectionLost(err)) throw err;
      log.warn({ err, item }, `${what} failed for one; the next sweep tries it again`);
      failed.push(item);
    }
  }
  return failed;
}
