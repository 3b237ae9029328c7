import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';

/** An empty database of its own, for one test file. */
export interface TestDatabase {
  readonly url: string;
  /** One statement over a connection that nobody else uses. */
  query(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  drop(): Promise<void>;
}

/** Makes one on the server of that URL, whose account must be allowed to. */
export async function createTestDatabase(server_url: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const connection = await createConnection({ uri: server_url, supportBigNumbers: true, bigNumberStrings: true });
  await connection.query(`CREATE DATABASE ${name}`);
  await connection.query(`USE ${name}`);
  const url = new URL(server_url);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    async query(sql, values = []) {
      const [rows] = await connection.query(sql, values);
      return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
    },
    async drop() {
      await connection.query(`DROP DATABASE ${name}`);
      await connection.end();
    },
  };
}
