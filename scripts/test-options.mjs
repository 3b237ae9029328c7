/** The options of `npm test`, read before anything is installed, so that a wrong one is told at once. */
import { parseArgs } from 'node:util';

const TIERS = ['unit', 'database', 'integration', 'e2e', 'cluster'];

const HELP = `Usage: npm test -- [options] [words of file names]

Runs every tier on engines of its own, on free ports; what runs elsewhere is not touched. The last line counts.

  --tier NAME        one of ${TIERS.join(', ')}; several with commas (all)
  --database NAME    mariadb, or mysql: a real MySQL in a folder of its own, as root (mariadb)
  --name PATTERN     only tests whose names match
  --help             these lines
`;

/** The options, checked. Prints the help, or what is wrong, and ends the process where that is due. */
export function readTestOptions(args) {
  let parsed;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: {
        tier: { type: 'string', default: TIERS.join(',') },
        database: { type: 'string', default: 'mariadb' },
        name: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return refuse(error.message);
  }
  const { values, positionals } = parsed;
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const tiers = values.tier.split(',');
  const stranger = tiers.find((name) => !TIERS.includes(name));
  if (stranger !== undefined) return refuse(`--tier ${stranger}: one of ${TIERS.join(', ')}`);
  if (!['mariadb', 'mysql'].includes(values.database)) return refuse(`--database ${values.database}: mariadb or mysql`);
  return { tiers, database: values.database, name: values.name, files: positionals };
}

function refuse(reason) {
  console.error(`${reason}\n\n${HELP}`);
  return process.exit(2);
}
