import { existsSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AlreadyRunning, endLeftOvers, RunRecord } from '#libs/instance';

/** How the folders of test runs begin. */
export const TEST_FOLDER = 'seqdesk-test-';

/** Clears the folders of test runs that were killed; one whose run still lives is left alone. */
export async function sweepTestFolders(disk: string, say: (text: string) => void): Promise<void> {
  const folders = readdirSync(disk)
    .filter((name) => name.startsWith(TEST_FOLDER))
    .map((name) => join(disk, name));
  for (const folder of folders.filter((path) => existsSync(join(path, 'run.json')))) {
    try {
      await clearTestFolder(folder, say);
    } catch (error) {
      if (!(error instanceof AlreadyRunning)) throw error;
    }
  }
}

/**
 * Ends what was left running in the folder, and removes it: each instance wrote down its processes in its own data folder.
 * @throws AlreadyRunning when one of them belongs to a living process
 */
export async function clearTestFolder(folder: string, say: (text: string) => void): Promise<void> {
  const records = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('run.json'),
  );
  for (const file of records) await endLeftOvers(new RunRecord(join(folder, dirname(file))), say);
  await rm(folder, { recursive: true, force: true });
}
