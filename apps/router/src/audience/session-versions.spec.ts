import { expect, test } from 'vitest';
import type { SessionEvent } from '#libs/contracts';
import { SessionVersions } from './session-versions.ts';

/** What of an event matters here. */
function at(session_id: string, version: number, seconds: number): SessionEvent {
  return { session_id, version, occurred_at: new Date(seconds * 1_000).toISOString() } as SessionEvent;
}

test('repeats and latecomers are no news, within a batch and across batches', () => {
  const versions = new SessionVersions();
  const first = [at('a', 1, 1), at('a', 3, 3), at('a', 2, 2), at('b', 1, 1), at('a', 3, 3)];
  expect(versions.selectNews(first)).toEqual([at('a', 1, 1), at('a', 3, 3), at('b', 1, 1)]);
  versions.remember(first.slice(0, 2));
  expect(versions.selectNews([at('a', 2, 2), at('a', 4, 4), at('b', 1, 1)])).toEqual([at('a', 4, 4), at('b', 1, 1)]);
});

test('a batch that was not shown is news again', () => {
  const versions = new SessionVersions();
  expect(versions.selectNews([at('a', 2, 2)])).toHaveLength(1);
  expect(versions.selectNews([at('a', 2, 2)])).toHaveLength(1);
});

test('a lower version is news when it is later: the database went back', () => {
  const versions = new SessionVersions();
  versions.remember([at('a', 9, 9)]);
  expect(versions.selectNews([at('a', 5, 5), at('a', 6, 20)])).toEqual([at('a', 6, 20)]);
});

test('a higher version is news although the clock stepped back', () => {
  const versions = new SessionVersions();
  versions.remember([at('a', 2, 10)]);
  expect(versions.selectNews([at('a', 3, 9)])).toHaveLength(1);
});
