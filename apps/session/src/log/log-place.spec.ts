import { expect, test } from 'vitest';
import { LogPlace, type LogPlaceParts } from './log-place.ts';

test('a place that is stored while the watch reads is no database that went back', async () => {
  let stored = 100n;
  let epochs = 0;
  const seeks: unknown[] = [];
  const read = Promise.withResolvers<undefined>();
  let isSlow = false;
  const parts = {
    messages: {
      connection_id: 1,
      open: async () => 1,
      storeOffset: async ({ to }: { to: bigint }) => (stored = to),
    },
    places: {
      async readOffsets() {
        const seen = new Map([[0, stored]]);
        if (isSlow) await read.promise;
        return seen;
      },
      beginEpoch: async () => void (epochs += 1),
    },
    topic: {
      lowWatermark: async () => 0n,
      committed: async () => new Map([[0, 100n]]),
      seek: (...at: unknown[]) => seeks.push(at),
    },
    onRewind: () => undefined,
    log: { error: () => undefined },
  };
  const place = new LogPlace(parts as unknown as LogPlaceParts);
  await place.takeOver([0]);
  isSlow = true;
  const watching = place.watch();
  await place.store([{ topic: 'chat.inbound.v1', partition: 0, next_offset: 150n }]);
  read.resolve(undefined);
  await watching;
  expect({ epochs, seeks }).toEqual({ epochs: 0, seeks: [] });
});
