import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { runCommand } from './child-process.ts';
import { findCommand } from './find-command.ts';

const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';

/** Where the pinned list lies, and where the jars shall be. */
export interface KafkaJars {
  /** The folder of pom.xml and SHA256SUMS. */
  readonly pinDir: string;
  /** The folder of the jars; made when it is missing, made anew when a sum is wrong. */
  readonly jarDir: string;
}

/**
 * The jars of the project in `root`, cached in the user's cache folder.
 * Another list is another folder: two versions of the project do not take them from each other.
 */
export function locateKafkaJars(root: string, env: NodeJS.ProcessEnv): KafkaJars {
  const pinDir = join(root, 'libs', 'instance', 'kafka');
  const pin = createHash('sha256')
    .update(readFileSync(join(pinDir, 'SHA256SUMS')))
    .digest('hex')
    .slice(0, 12);
  const cache = env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return { pinDir, jarDir: join(cache, 'seqdesk', `kafka-${pin}`) };
}

/** Downloaded jars are not those of the committed list. */
export class JarMismatch extends Error {
  constructor(difference: readonly string[]) {
    super(`Kafka's jars differ from the committed SHA256SUMS: ${difference.join(', ')}`);
    this.name = 'JarMismatch';
  }
}

/** Whether the jars are there, unchanged. */
export async function hasKafkaJars({ pinDir, jarDir }: KafkaJars): Promise<boolean> {
  return (await differences(pinDir, jarDir)).length === 0;
}

/**
 * Fetches Kafka's jars from Maven Central and puts them in place only when every sum is as committed.
 * @throws JarMismatch, CommandFailed
 */
export async function fetchKafkaJars(
  jars: KafkaJars,
  context: { readonly env: NodeJS.ProcessEnv; readonly logFile: string },
): Promise<void> {
  await mkdir(dirname(jars.jarDir), { recursive: true });
  const trial = await mkdtemp(join(dirname(jars.jarDir), 'fetching-'));
  try {
    await runCommand({
      name: 'mvn',
      file: findCommand('mvn', context.env),
      args: [
        '-B',
        '-q',
        '-f',
        join(jars.pinDir, 'pom.xml'),
        PLUGIN,
        '-DincludeScope=runtime',
        `-DoutputDirectory=${trial}`,
      ],
      env: context.env,
      cwd: trial,
      logFile: context.logFile,
    });
    const wrong = await differences(jars.pinDir, trial);
    if (wrong.length > 0) throw new JarMismatch(wrong);
    await rm(jars.jarDir, { recursive: true, force: true });
    await rename(trial, jars.jarDir);
  } finally {
    await rm(trial, { recursive: true, force: true });
  }
}

/** Names of jars that are missing, changed or not on the list. */
async function differences(pinDir: string, jarDir: string): Promise<string[]> {
  const wanted = readSums(join(pinDir, 'SHA256SUMS'));
  const found = await readdir(jarDir).catch(() => []);
  const strangers = found.filter((name) => !wanted.has(name));
  const wrong = await Promise.all(
    [...wanted].map(async ([name, sum]) => ((await sha256(join(jarDir, name))) === sum ? [] : [name])),
  );
  return [...wrong.flat(), ...strangers];
}

function readSums(file: string): Map<string, string> {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return new Map(lines.map((line) => [basename(line.slice(66)), line.slice(0, 64)]));
}

async function sha256(file: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(file), hash);
  } catch {
    return undefined; // Missing or not readable: it differs.
  }
  return hash.digest('hex');
}
