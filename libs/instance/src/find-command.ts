import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A program that must be installed is not. */
export class CommandMissing extends Error {
  readonly command: string;

  constructor(command: string) {
    super(`The program ${command} is not installed`);
    this.name = 'CommandMissing';
    this.command = command;
  }
}

// Servers live in sbin, which an ordinary user's PATH on Debian lacks.
const SERVER_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The full path of a program. @throws CommandMissing */
export function findCommand(command: string, env: NodeJS.ProcessEnv): string {
  const found = lookUpCommand(command, env);
  if (found === undefined) throw new CommandMissing(command);
  return found;
}

/** The full path of a program, if there is one. */
export function lookUpCommand(command: string, env: NodeJS.ProcessEnv): string | undefined {
  const folders = [...(env['PATH'] ?? '').split(delimiter), ...SERVER_FOLDERS];
  return folders.map((folder) => join(folder, command)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
