import { firstDataConfig, loadConfigOrExit } from '#libs/config';
import { Sealing } from '../people/sealing.ts';
import { createDataSource } from './data-source.ts';
import { placeFirstData } from './first-data.ts';

/** For an installation, after the migration: run once or at every start. Prints the ids as one line of JSON. */
const { first, ...config } = loadConfigOrExit(firstDataConfig);
const dataSource = createDataSource(config.mysql);
await dataSource.initialize();
try {
  const placed = await placeFirstData(dataSource, first, new Sealing(config.secrets_key));
  process.stdout.write(`${JSON.stringify(placed)}\n`);
} finally {
  await dataSource.destroy();
}
