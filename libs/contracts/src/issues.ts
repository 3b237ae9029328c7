import type { z } from 'zod';

/** A name that a client made up may be as long as its whole message. */
const LONGEST_PATH = 200;

/** Where a value does not fit its schema: at most `max` places, unknown fields by their names, contents never. */
export function readIssues({ issues }: z.ZodError, max: number): { path: string; message: string }[] {
  const places = issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [{ path: formatPath(issue.path), message: issue.message }];
    return issue.keys.map((key) => ({ path: formatPath([...issue.path, key]), message: 'is not known' }));
  });
  return places.slice(0, max);
}

function formatPath(path: readonly PropertyKey[]): string {
  return path.map(String).join('.').slice(0, LONGEST_PATH) || '(whole)';
}
