import { loadConfigOrExit, migrationConfig } from '#libs/config';
import { createLogger } from '#libs/observability';
import { createDataSource } from './data-source.ts';

const LOCK = 'seqdesk_migration';
const LOCK_SECONDS = 60;

/** Brings the schema up to date. Idempotent; two at once wait for each other by a lock of the database. */
const config = loadConfigOrExit(migrationConfig);
const log = createLogger({ service: 'migration', level: config.log.level });
const dataSource = createDataSource(config.mysql);
await dataSource.initialize();
const runner = dataSource.createQueryRunner();
try {
  // The lock lives as long as its connection, which must not be closed for being idle meanwhile.
  await runner.query('SET SESSION wait_timeout = 600');
  const [held] = (await runner.query(`SELECT GET_LOCK('${LOCK}', ${LOCK_SECONDS}) AS held`)) as { held: unknown }[];
  if (Number(held?.held) !== 1) throw new Error('another migration holds the lock');
  const done = await dataSource.runMigrations({ transaction: 'none' });
  log.info({ migrations: done.map((migration) => migration.name) }, 'the schema is up to date');
} finally {
  await runner.query(`SELECT RELEASE_LOCK('${LOCK}')`);
  await runner.release();
  await dataSource.destroy();
}
