import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import type { EngineOptions } from './engine.ts';

/** The account that a database server of our own gets. */
interface DatabaseAccount {
  /** Letters, digits, - and _ only: it is written into SQL and into a URL. */
  readonly password: string;
  /** Created when it is missing. */
  readonly database: string;
}

export interface DatabaseOptions extends EngineOptions, DatabaseAccount {}

/** What clients connect with. */
export function accountUrl({ password, port, database }: DatabaseOptions): string {
  return `mysql://seqdesk:${password}@127.0.0.1:${port}/${database}`;
}

/**
 * Writes the statements that create the account, and returns the file, for the server's --init-file: it is run at each
 * start, before the server listens, so a client never meets a server without the account.
 */
export function writeAccount(folder: string, { database, password }: DatabaseAccount): string {
  if (!/^[\w-]+$/.test(password) || !/^\w+$/.test(database)) throw new TypeError('unfit database name or password');
  const file = join(folder, 'seqdesk-account.sql');
  const account = `'seqdesk'@'%'`;
  const statements = [
    `CREATE DATABASE IF NOT EXISTS \`${database}\`;`,
    `CREATE USER IF NOT EXISTS ${account} IDENTIFIED BY '${password}';`,
    `ALTER USER ${account} IDENTIFIED BY '${password}';`,
    `GRANT ALL ON *.* TO ${account};`,
  ];
  writeFileSync(file, `${statements.join('\n')}\n`, { mode: 0o600 });
  return file;
}

/** Whether the database lets this URL in and answers. @throws the driver's error when it doesn't. */
export async function answersMysql(url: string): Promise<boolean> {
  const connection = await createConnection({ uri: url, connectTimeout: 2_000 });
  try {
    await connection.query({ sql: 'SELECT 1', timeout: 2_000 });
    return true;
  } finally {
    await connection.end();
  }
}
