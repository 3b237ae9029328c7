import { execFile } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Secrets } from './secrets.ts';

/** What the demo needs to be used. */
export interface Demo {
  readonly channel_id: string;
  readonly team_id: string;
  readonly api_key: string;
  readonly identity_secret: string;
  readonly agents: readonly { readonly username: string; readonly password: string; readonly agent_id: string }[];
}

/** How session's own programs for the database are run. */
export interface Preparation {
  readonly node: string;
  /** The folder of the compiled `database` programs. */
  readonly programs: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  readonly secrets: Secrets;
}

/** The account that may do all; its password is among the secrets. */
export const ADMIN_USERNAME = 'admin';

const DEADLINE_MS = 120_000;
const MOST_OUTPUT = 1024 * 1024;
const run = promisify(execFile);

const seedAnswer = z.object({
  channel_id: z.string(),
  team_id: z.string(),
  agents: z.array(z.object({ username: z.string(), agent_id: z.string() })),
});

/** Brings the schema up to date. Idempotent. */
export async function migrate(preparation: Preparation): Promise<void> {
  await runProgram(preparation, 'migrate.js', {});
}

/** Puts the demo's people, team, channel and key in place, with the instance's own secrets. Idempotent. */
export async function seed(preparation: Preparation): Promise<Demo> {
  const { secrets } = preparation;
  const [first, second] = secrets.agent_passwords;
  const people = [
    { username: 'anna', name: 'Anna', password: first },
    { username: 'bo', name: 'Bo', password: second },
  ];
  const output = await runProgram(preparation, 'seed.js', {
    SEED_ADMIN_USERNAME: ADMIN_USERNAME,
    SEED_ADMIN_PASSWORD: secrets.admin_password,
    SEED_AGENTS: JSON.stringify(people),
    SEED_API_KEY: secrets.api_key,
    SEED_IDENTITY_SECRET: secrets.identity_secret,
  });
  const lastLine = output.trim().split('\n').at(-1) ?? '';
  const { channel_id, team_id, agents } = seedAnswer.parse(JSON.parse(lastLine));
  return {
    channel_id,
    team_id,
    api_key: secrets.api_key,
    identity_secret: secrets.identity_secret,
    agents: agents.map(({ username, agent_id }) => ({
      username,
      password: people.find((person) => person.username === username)?.password ?? '',
      agent_id,
    })),
  };
}

/** One of the database's own programs did not do its work. */
export class PreparationFailed extends Error {
  readonly logFile: string;

  constructor(program: string, logFile: string, cause: unknown) {
    super(`${program} failed; its output: ${logFile}`, { cause });
    this.name = 'PreparationFailed';
    this.logFile = logFile;
  }
}

async function runProgram(preparation: Preparation, program: string, env: Record<string, string>): Promise<string> {
  const { node, programs, logFile } = preparation;
  try {
    const { stdout, stderr } = await run(node, [join(programs, program)], {
      env: { ...preparation.env, ...env },
      timeout: DEADLINE_MS,
      maxBuffer: MOST_OUTPUT,
    });
    appendFileSync(logFile, stderr, { mode: 0o600 });
    return stdout;
  } catch (cause) {
    const output = cause instanceof Error && 'stderr' in cause ? String(cause.stderr) : String(cause);
    appendFileSync(logFile, output, { mode: 0o600 });
    throw new PreparationFailed(program, logFile, cause);
  }
}
