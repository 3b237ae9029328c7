import { randomBytes, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isErrno } from './process-identity.ts';
import { writePrivateFile } from './private-file.ts';

/** All that an instance keeps secret. Nothing here has a default: each is made by chance when it is missing. */
export interface Secrets {
  readonly mysql_password: string;
  readonly redis_password: string;
  readonly service_token: string;
  readonly secrets_key: string;
  readonly admin_password: string;
  readonly agent_passwords: readonly [string, string];
  readonly api_key: string;
  readonly identity_secret: string;
}

/** New secrets from the system's random source. */
export function makeSecrets(): Secrets {
  return {
    mysql_password: token(24),
    redis_password: token(24),
    service_token: token(32),
    secrets_key: token(32),
    admin_password: makePassword(),
    agent_passwords: [makePassword(), makePassword()],
    api_key: `sk_${token(24)}`,
    identity_secret: token(32),
  };
}

/** Reads the file of secrets, completes it by what it lacks, and keeps it readable for its owner only. */
export function keepSecrets(file: string): Secrets {
  const secrets = { ...makeSecrets(), ...readKnown(file) };
  writePrivateFile(file, `${JSON.stringify(secrets, null, 2)}\n`);
  return secrets;
}

function readKnown(file: string): Partial<Secrets> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return {};
    throw error;
  }
  try {
    return JSON.parse(text) as Partial<Secrets>;
  } catch (cause) {
    // Made anew, they would fit neither the database's account nor what is encrypted in it.
    throw new Error(`${file} is no JSON any more; put back a copy of it, or remove the data folder to start afresh`, {
      cause,
    });
  }
}

// Hexadecimal: safe in URLs, SQL, configuration files and shells.
function token(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}

/** For people to type: no letters that look alike. */
function makePassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
  const group = () => Array.from({ length: 5 }, () => letters[randomInt(letters.length)]).join('');
  return `${group()}-${group()}-${group()}`;
}
