import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { z } from 'zod';
import { ConfigError, type Problem } from './config-error.ts';
import { findUnknownVariables, readVariables } from './env.ts';
import type { Config } from './service.ts';
import { allSettings } from './services.ts';
import { listSettings, type Setting } from './setting-tree.ts';

type Tree = Record<string, unknown>;
type Env = Readonly<Record<string, string | undefined>>;

/** Where settings come from; a test gives its own instead of the process's. */
export interface ConfigSources {
  /** A YAML file; without it `--config FILE`, then SEQDESK_CONFIG, then none. */
  file?: string;
  /** Environment variables; `process.env` without it. */
  env?: Env;
  /** Arguments of the command line; those of the process without it. */
  argv?: readonly string[];
}

/**
 * Reads the settings of a service: defaults of the schema, over them the YAML file, over that the environment.
 * Every key can be set by the variable named by its path (`gateway.port` → GATEWAY_PORT; lists by commas); an empty
 * variable counts as not set.
 * Throws ConfigError that names every unknown key and wrong value at once. The answer is frozen and read once, at start.
 */
export function loadConfig<S extends z.ZodType>(schema: S, sources: ConfigSources = {}): Config<S> {
  const env = sources.env ?? process.env;
  const known = listSettings(allSettings);
  const file = sources.file ?? findFileArgument(sources.argv ?? process.argv) ?? (env['SEQDESK_CONFIG'] || undefined);
  const fromFile = file === undefined ? {} : readYaml(file);
  const unknown = [...findUnknownKeys(fromFile, known), ...findUnknownVariables(env, known)];
  if (unknown.length > 0) throw new ConfigError(unknown, file);

  const own = listSettings(schema);
  const tree = pickSections(fromFile, own);
  for (const { path, value } of readVariables(env, own)) setAt(tree, path, value);
  const result = schema.safeParse(tree);
  if (!result.success) throw new ConfigError(result.error.issues.map(toProblem), file);
  return freeze(result.data) as Config<S>;
}

/** `loadConfig` for a service's main: prints what is wrong and ends the process with 78 (EX_CONFIG of sysexits.h). */
export function loadConfigOrExit<S extends z.ZodType>(schema: S, sources: ConfigSources = {}): Config<S> {
  try {
    return loadConfig(schema, sources);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return process.exit(78);
  }
}

function findFileArgument(argv: readonly string[]): string | undefined {
  const place = argv.indexOf('--config');
  if (place >= 0) return argv[place + 1];
  return argv.find((argument) => argument.startsWith('--config='))?.slice('--config='.length);
}

function readYaml(file: string): Tree {
  try {
    const tree: unknown = parse(readFileSync(file, 'utf8'));
    if (tree === null || tree === undefined) return {};
    if (isTree(tree)) return tree;
    throw new TypeError('its top must be a map of sections');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError([{ path: file, message: `cannot be read: ${reason}` }], file, { cause });
  }
}

/** A file may hold the sections of all services, so it is held against all keys, not only the caller's. */
function findUnknownKeys(tree: Tree, known: readonly Setting[], path: readonly string[] = []): Problem[] {
  return Object.entries(tree).flatMap(([key, value]) => {
    const here = [...path, key];
    const inside = known.filter((setting) => here.every((name, depth) => setting.path[depth] === name));
    if (inside.length === 0) return [{ path: here.join('.'), message: 'is no known key' }];
    const isSection = inside.some((setting) => setting.path.length > here.length);
    return isSection && isTree(value) ? findUnknownKeys(value, known, here) : [];
  });
}

/** An empty section (`gateway:` with all its keys commented out) counts as left out. */
function pickSections(tree: Tree, own: readonly Setting[]): Tree {
  const names = new Set(own.map((setting) => setting.path[0]));
  const entries = Object.entries(tree).filter(([name, value]) => names.has(name) && value !== null);
  return structuredClone(Object.fromEntries(entries));
}

function setAt(tree: Tree, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  if (rest.length === 0) {
    tree[key] = value;
    return;
  }
  const inner = tree[key];
  const section = isTree(inner) ? inner : {};
  tree[key] = section;
  setAt(section, rest, value);
}

function toProblem(issue: z.core.$ZodIssue): Problem {
  return { path: issue.path.map(String).join('.'), message: issue.message };
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) freeze(inner);
    Object.freeze(value);
  }
  return value;
}
