import type { Problem } from './config-error.ts';
import type { Kind, Setting } from './setting-tree.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Sections of our own: a variable that begins so and fits no key is a misspelling. MYSQL_ and the like are not only ours. */
const OWN_PREFIXES = ['GATEWAY_', 'SESSION_', 'ROUTER_'];

/** Set by X11's session management on a desktop. */
const FOREIGN = new Set(['SESSION_MANAGER']);

/** The variables that are set, turned into what their keys hold; an empty one counts as not set. */
export function readVariables(env: Env, settings: readonly Setting[]): { path: readonly string[]; value: unknown }[] {
  return settings.flatMap((setting) => {
    const text = env[setting.env];
    return text === undefined || text === '' ? [] : [{ path: setting.path, value: fromText(text, setting.kind) }];
  });
}

/** Names the variables that look like a setting and are none. */
export function findUnknownVariables(env: Env, known: readonly Setting[]): Problem[] {
  const names = new Set(known.map((setting) => setting.env));
  return Object.keys(env)
    .filter((name) => OWN_PREFIXES.some((prefix) => name.startsWith(prefix)) && !names.has(name) && !FOREIGN.has(name))
    .sort()
    .map((name) => ({ path: name, message: `is an environment variable that fits no key${hint(name)}` }));
}

/** Text that does not fit its kind stays text: the schema then refuses it with the key's path. */
function fromText(text: string, kind: Kind): unknown {
  switch (kind) {
    case 'list':
      return text.trimStart().startsWith('[') ? fromJson(text) : fromCommas(text);
    case 'boolean':
      return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : text;
    case 'number':
      return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
    case 'text':
      return text;
  }
}

function fromCommas(text: string): string[] {
  const items = text.split(',').map((item) => item.trim());
  return items.filter((item) => item !== '');
}

/** Lists of more than words, such as the seed's agents, come as JSON. */
function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

// Kubernetes puts GATEWAY_SERVICE_HOST and the like into every pod beside a Service named gateway.
function hint(name: string): string {
  return /_SERVICE_(HOST|PORT)|_PORT_\d+_TCP/.test(name) ? ' (in Kubernetes set enableServiceLinks: false)' : '';
}
