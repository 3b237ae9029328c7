import { randomUUID } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import { percentilesOf, type Percentiles } from '../measure/percentiles.ts';

/** One committed single-row insert after the other into a table shaped like the log; a database of its own, dropped at the end. */
export async function measureBareInsert(mysql_url: string, count = 500): Promise<Percentiles> {
  const connection = await createConnection({ uri: mysql_url });
  const database = `floor_${randomUUID().slice(0, 8)}`;
  await connection.query(`CREATE DATABASE ${database}`);
  try {
    await connection.query(`USE ${database}`);
    await connection.query(
      `CREATE TABLE messages (session_id CHAR(30) NOT NULL, seq_id INT UNSIGNED NOT NULL, message_id CHAR(36) NOT NULL,
       content MEDIUMTEXT NOT NULL, PRIMARY KEY (session_id, seq_id), UNIQUE KEY uq_message_id (message_id)) ENGINE=InnoDB`,
    );
    const latencies: number[] = [];
    for (let seq_id = 1; seq_id <= count; seq_id += 1) {
      const began = performance.now();
      await connection.query('INSERT INTO messages VALUES (?, ?, ?, ?)', [
        'ses_floor',
        seq_id,
        randomUUID(),
        'How do I return this?',
      ]);
      latencies.push(performance.now() - began);
    }
    return percentilesOf(latencies);
  } finally {
    await connection.query(`DROP DATABASE ${database}`);
    await connection.end();
  }
}
