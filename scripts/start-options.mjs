/** The options of `npm start`, read before anything is installed, so that a wrong one is told at once. */
import { parseArgs } from 'node:util';

const HELP = `Usage: npm start -- [options]

Brings up everything on this machine: engines, database with a demo, services. Ctrl-C stops it.

  --port N                 gateways listen on N, N + 1, …            (8080)
  --data DIR               engines' data, secrets, logs, instance.json (.data)
  --replicas gateway=2,router=2,session=2                            (one each)
  --engine-data ram|disk   where MariaDB and Kafka keep their data; in RAM it is gone when the instance stops (disk)
  --ai on|off              whether the AI responder runs; this version has none yet (off)
  --help                   these lines

Environment: MYSQL_URL, REDIS_URL, KAFKA_BROKERS name engines that run already; they are used instead of own ones.
Other variables reach the services and set their configuration, such as LOG_LEVEL=debug.
`;

const SERVICES = ['gateway', 'router', 'session'];
const MOST_REPLICAS = 16;

/** A sentence for the user. */
class WrongOption extends Error {}

/** The options, checked. Prints the help, or what is wrong, and ends the process instead of returning where that is due. */
export function readStartOptions(args) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        port: { type: 'string', default: '8080' },
        data: { type: 'string', default: '.data' },
        replicas: { type: 'string', default: '' },
        'engine-data': { type: 'string', default: 'disk' },
        ai: { type: 'string', default: 'off' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(HELP);
      process.exit(0);
    }
    return {
      port: readPort(values.port),
      data: values.data,
      replicas: readReplicas(values.replicas),
      engine_data: oneOf('--engine-data', values['engine-data'], ['ram', 'disk']),
      ai: oneOf('--ai', values.ai, ['on', 'off']),
    };
  } catch (error) {
    const isUsage = error instanceof WrongOption || String(error.code).startsWith('ERR_PARSE_ARGS');
    if (!isUsage) throw error;
    console.error(`${error.message}\n\n${HELP}`);
    return process.exit(2);
  }
}

function readPort(text) {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535)
    throw new WrongOption(`--port ${text}: a number from 1 to 65535`);
  return port;
}

function readReplicas(text) {
  const replicas = Object.fromEntries(SERVICES.map((name) => [name, 1]));
  for (const part of text.split(',').filter((item) => item !== '')) {
    const [name, count = ''] = part.split('=');
    const isCount = /^\d+$/.test(count) && Number(count) >= 1 && Number(count) <= MOST_REPLICAS;
    if (!SERVICES.includes(name) || !isCount) {
      throw new WrongOption(
        `--replicas ${part}: a service (${SERVICES.join(', ')}) = a number from 1 to ${MOST_REPLICAS}`,
      );
    }
    replicas[name] = Number(count);
  }
  return replicas;
}

function oneOf(option, value, allowed) {
  if (!allowed.includes(value)) throw new WrongOption(`${option} ${value}: ${allowed.join(' or ')}`);
  return value;
}
