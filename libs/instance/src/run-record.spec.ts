import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts';
import { AlreadyRunning, RunRecord } from './run-record.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'run-record-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const self = (): ProcessIdentity => identify(process.pid) ?? { pid: 0, started: '' };
const stranger = (): ProcessIdentity => ({ ...self(), started: '1' });

function recordRun(owner: ProcessIdentity, ...processes: ProcessIdentity[]): void {
  const named = processes.map((identity, index) => ({ name: `child ${index}`, identity }));
  writeFileSync(join(folder, 'run.json'), JSON.stringify({ owner, processes: named }));
}

test('a pid that was given to another process since is not taken for the old one', () => {
  expect(isAlive(self())).toBe(true);
  expect(isAlive(stranger())).toBe(false);
});

test('after a killed run, its children that still live are left over; those whose pid is a stranger now are not', () => {
  recordRun({ pid: 1, started: 'long ago' }, self(), stranger());
  const record = new RunRecord(folder);
  expect(record.wasKilled).toBe(true);
  expect(record.leftOvers.map(({ name }) => name)).toEqual(['child 0']);
});

test('a folder whose owner lives is refused, with its pid', async () => {
  const other = spawn('sleep', ['60']);
  try {
    const identity = identify(other.pid ?? 0);
    recordRun(identity ?? stranger());
    expect(() => new RunRecord(folder)).toThrow(AlreadyRunning);
    expect(() => new RunRecord(folder)).toThrow(String(other.pid));
  } finally {
    other.kill();
    await once(other, 'exit');
  }
});

test('a run that ends in order leaves nothing behind, and nobody else may read it before', () => {
  const record = new RunRecord(folder);
  record.add('redis', self());
  expect(statSync(join(folder, 'run.json')).mode & 0o777).toBe(0o600);
  record.close();
  expect(existsSync(join(folder, 'run.json'))).toBe(false);
});
