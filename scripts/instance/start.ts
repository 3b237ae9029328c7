/** The second half of `npm start`, on the locked Node: packages of the distribution, Kafka's jars, then the instance. */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startInstance, type EngineUrls, type Instance } from '#libs/instance';
import { explain, explainLoss } from './explain.ts';
import { provideEngines } from './provide-engines.ts';
import { stopSignal } from './stop-signal.ts';

/** As scripts/start-options.mjs has read and checked them. */
interface Options {
  readonly port: number;
  readonly data: string;
  readonly replicas: { readonly gateway: number; readonly router: number; readonly session: number };
  readonly engine_data: 'ram' | 'disk';
}

const root = join(import.meta.dirname, '..', '..');
const env = process.env;
const begun = performance.now();
const say = (text: string) => console.log(text);

const options = JSON.parse(process.argv[2] ?? '') as Options;
const dataDir = resolve(root, options.data);
const signal = stopSignal(say);
try {
  const instance = await start();
  welcome(instance);
  const lost = await Promise.race([instance.lost, whenAborted(signal)]);
  if (lost !== undefined) {
    console.error(explainLoss(lost, dataDir));
    process.exitCode = 1;
  }
  await instance.stop();
  say('Stopped.');
} catch (error) {
  if (signal.aborted) say('Stopped before all was up.');
  else console.error(explain(error, { dataDir, port: options.port }));
  process.exitCode = signal.aborted ? 130 : 1;
} finally {
  if (options.engine_data === 'ram') rmSync(ramFolder(), { recursive: true, force: true });
}
// Keep-alive connections and timers of the engines' clients may not hold back the end.
process.exit();

async function start(): Promise<Instance> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const given = givenEngines();
  await provideEngines({ root, env, given, logFile: join(dataDir, 'install.log'), say });
  signal.throwIfAborted();
  return startInstance({
    root,
    dataDir,
    ...(options.engine_data === 'ram' ? { engineDataDir: ramFolder() } : {}),
    env,
    given,
    replicas: options.replicas,
    port: options.port,
    supervise: true,
    say,
    signal,
  });
}

function givenEngines(): Partial<EngineUrls> {
  const { MYSQL_URL: mysql_url, REDIS_URL: redis_url, KAFKA_BROKERS: kafka_brokers } = env;
  return { ...(mysql_url && { mysql_url }), ...(redis_url && { redis_url }), ...(kafka_brokers && { kafka_brokers }) };
}

/** One folder in RAM for each data folder. */
function ramFolder(): string {
  return join('/dev/shm', `seqdesk-${createHash('sha256').update(dataDir).digest('hex').slice(0, 12)}`);
}

async function whenAborted(when: AbortSignal): Promise<undefined> {
  await new Promise((settle) => when.addEventListener('abort', settle, { once: true }));
}

function welcome(instance: Instance): void {
  const [url = ''] = instance
    .services('gateway')
    .flatMap((gateway) => (gateway.url === undefined ? [] : [gateway.url]));
  const people = instance.demo.agents.map(({ username, password }) => `${username} / ${password}`);
  say(
    [
      '',
      `Seqdesk is up after ${((performance.now() - begun) / 1000).toFixed(1)} s.`,
      `  Gateway   ${url}   (REST under ${url}/api/v1)`,
      `  Admin     ${instance.admin.username} / ${instance.admin.password}`,
      `  Agents    ${people.join(', ')}`,
      `  Channel   ${instance.demo.channel_id}`,
      `  Details   ${join(dataDir, 'instance.json')}; logs in ${join(dataDir, 'logs')}`,
      '  Ctrl-C stops it.',
      '',
    ].join('\n'),
  );
}
