import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Writes a file that only its owner may read, in one step: readers see the old text or the new one, never a part. */
export function writePrivateFile(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const trial = `${file}.${process.pid}.new`;
  writeFileSync(trial, text, { mode: 0o600 });
  renameSync(trial, file);
}
