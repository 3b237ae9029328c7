import { expect, test } from 'vitest';
import { Refusal, type SessionRoute } from '#libs/contracts';
import { createAskRoutes } from './ask-routes.ts';

const routesOf = (ids: readonly string[]) =>
  Object.fromEntries(ids.map((session_id) => [session_id, { session_id } as SessionRoute]));

test('more sessions than one question may name are asked for in several', async () => {
  const sizes: number[] = [];
  const ask = createAskRoutes({
    routes: (ids) => {
      sizes.push(ids.length);
      return Promise.resolve(routesOf(ids));
    },
  });
  const wanted = Array.from({ length: 2_300 }, (_, index) => `ses_${index}`);
  expect((await ask(wanted)).map(({ session_id }) => session_id)).toEqual(wanted);
  expect(sizes).toEqual([1_000, 1_000, 300]);
});

test('where session can not be asked nothing is known, and nobody is troubled', async () => {
  let count = 0;
  const ask = createAskRoutes({
    routes: (ids) => {
      count += 1;
      return count === 1 ? Promise.reject(new Refusal('UNAVAILABLE')) : Promise.resolve(routesOf(ids));
    },
  });
  expect(await ask(Array.from({ length: 1_001 }, (_, index) => `ses_${index}`))).toEqual([{ session_id: 'ses_1000' }]);
});
