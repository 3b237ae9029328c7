import { isDeepStrictEqual } from 'node:util';
import type { Fields } from './resource.ts';

/** What is given and other than it was; what nobody is told of the thing, such as a hash, always counts as other. */
export function changesOf(before: Fields, given: Fields): Fields {
  const entries = Object.entries(given);
  return Object.fromEntries(
    entries.filter(([name, value]) => value !== undefined && !isDeepStrictEqual(before[name], value)),
  );
}

/** For the audit: so many fields of the thing; of what nobody is told only that it was set. */
export function toldOf(thing: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(names.map((name) => [name, name in thing ? thing[name] : 'set']));
}

export function pick(thing: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(names.map((name) => [name, thing[name]]));
}
