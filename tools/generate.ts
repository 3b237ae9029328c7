/**
 * Writes every file that is made from code: `npm run generate`.
 * With --check it writes nothing and fails when a file differs from what the code says now.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { renderDefaultYaml, renderEnvExample } from '#libs/config';
import { jsonSchemas } from '#libs/contracts';
import { stateDiagram } from '#libs/domain';
import { format, getFileInfo, resolveConfig } from 'prettier';
import { renderTopicsScript } from './topics-script.ts';

const root = join(import.meta.dirname, '..');

/** A file's path from the root, and how its text is made. */
const generated: Record<string, () => string> = {
  'config/default.yaml': renderDefaultYaml,
  '.env.example': renderEnvExample,
  'scripts/create-topics.sh': renderTopicsScript,
  'docs/state-machine.md': renderStateMachine,
  ...renderJsonSchemas(),
};

function renderStateMachine(): string {
  return [
    '# The session machine',
    '',
    'Generated from `libs/domain` by `npm run generate`. A command that is not drawn from a state changes nothing there, or is',
    'refused with `STATE_CONFLICT`, `TRANSFER_NOT_ALLOWED` or `SESSION_CLOSED`; `libs/domain/src/session-machine.ts` is the',
    'whole table.',
    '',
    '```mermaid',
    stateDiagram(),
    '```',
    '',
  ].join('\n');
}

function renderJsonSchemas(): Record<string, () => string> {
  const schemas = Object.entries(jsonSchemas());
  return Object.fromEntries(
    schemas.map(([name, schema]) => [`libs/contracts/schemas/${name}`, () => JSON.stringify(schema)]),
  );
}

const isCheck = process.argv.includes('--check');
const stale: string[] = [];
for (const [path, render] of Object.entries(generated)) {
  const file = join(root, path);
  const text = await pretty(file, render());
  if ((await readIfThere(file)) === text) continue;
  stale.push(path);
  if (isCheck) continue;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

if (isCheck && stale.length > 0) {
  console.error(`Stale, run npm run generate: ${stale.join(', ')}`);
  process.exitCode = 1;
} else {
  console.log(stale.length > 0 ? `Written: ${stale.join(', ')}` : 'All generated files are fresh.');
}

/** Formatted as the format check wants it, or the two checks would contradict each other. */
async function pretty(file: string, text: string): Promise<string> {
  const { inferredParser } = await getFileInfo(file);
  return inferredParser ? format(text, { ...(await resolveConfig(file)), filepath: file }) : text;
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
