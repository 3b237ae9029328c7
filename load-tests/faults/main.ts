/**
 * How long a message takes at most while replicas die, leave and join: `node --conditions=source load-tests/faults/main.ts`.
 * Two replicas of each service, 200 messages a second; engines' data in RAM.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Instance, startInstance } from '#libs/instance';
import { RAISED_LIMITS } from '../instance.ts';
import { makePairs, type Pair } from '../people.ts';
import { describeCommit, describeMachine } from '../report.ts';
import { type SentWord, verify } from '../verify.ts';
import { sendWords, waitShown } from '../words.ts';

const PAIRS = 60;
const RATE = 200;
const LOW = 15;
const REPLICAS = { gateway: 2, router: 2, session: 2 };

interface Row {
  what: string;
  sent: number;
  lost: number;
  doubled: number;
  longest_ms: number;
  longest_ack_ms: number;
}

type Arrival = { session_id: string; seq_id: number; client_msg_id: string };

const dataDir = await mkdtemp(join(tmpdir(), 'seqdesk-load-'));
const engineDataDir = await mkdtemp('/dev/shm/seqdesk-load-');
const instance = await startInstance({
  root: process.cwd(),
  env: { ...process.env, ...RAISED_LIMITS },
  dataDir,
  engineDataDir,
  replicas: REPLICAS,
  supervise: false,
});
const rows: Row[] = [];
try {
  const words = new Map<string, SentWord>();
  const arrivals: Arrival[] = [];
  const pairs = await gatherPairs(words, arrivals);
  // A fresh broker and fresh services are busy compiling themselves.
  await sendWords(pairs, RATE, 40, words);
  const measure = async (what: string, seconds: number, fault: () => Promise<void>) => {
    words.clear();
    arrivals.length = 0;
    const talking = sendWords(pairs, RATE, seconds, words);
    await delay(2_000);
    await fault();
    await talking;
    await waitShown(words);
    const all = [...words.values()];
    const { lost, doubled } = await verify(instance.urls.mysql_url, words, arrivals);
    const longest = (pick: (word: SentWord) => number | undefined) =>
      Math.max(...all.map((word) => (pick(word) ?? Number.POSITIVE_INFINITY) - word.sent_at));
    rows.push({
      what,
      sent: all.length,
      lost,
      doubled,
      longest_ms: longest((word) => word.shown_at),
      longest_ack_ms: longest((word) => word.acked_at),
    });
    console.log(rows.at(-1));
  };
  await measure('nothing', 10, async () => {});
  for (const name of ['session', 'router'] as const) {
    const service = instance.services(name)[1];
    if (!service) throw new Error(`there is a second ${name}`);
    await measure(`kill -9 of a ${name}`, 15, async () => {
      service.kill('SIGKILL');
      await service.exited;
    });
    await measure(`a ${name} joins`, 15, () => startAside(service));
    await measure(`SIGTERM of a ${name}`, 10, () => service.stop());
    await measure(`a ${name} joins again`, 15, () => startAside(service));
  }
} finally {
  await instance.stop();
  for (const folder of [dataDir, engineDataDir]) await rm(folder, { recursive: true, force: true });
}
await report();
process.exit();

/** At a low priority until it is up: in a cluster a newcomer starts on a machine of its own and takes nobody's core. */
async function startAside(service: ReturnType<Instance['services']>[number]): Promise<void> {
  await service.launch();
  setPriority(service.pid, LOW);
  await service.waitUntilReady();
  setPriority(service.pid, 0);
}

function gatherPairs(words: Map<string, SentWord>, arrivals: Arrival[]): Promise<Pair[]> {
  const gateways = instance.services('gateway').flatMap(({ url }) => url ?? []);
  const file = {
    url: gateways[0] ?? '',
    gateways,
    admin: instance.admin,
    demo: instance.demo,
    engines: instance.urls,
    services: [],
  };
  return makePairs(file, PAIRS, (side, message) => {
    if (side !== 'agent') return;
    const client_msg_id = String(message['client_msg_id']);
    const word = words.get(client_msg_id);
    if (word) word.shown_at ??= performance.now();
    arrivals.push({ session_id: String(message['session_id']), seq_id: Number(message['seq_id']), client_msg_id });
  });
}

async function report(): Promise<void> {
  const table = [
    '# Load: the longest delay while replicas die, leave and join',
    '',
    `${describeMachine()}; commit ${describeCommit()}; engines' data in RAM; engines, services and load on the same machine; ${RATE} messages a second, two replicas of each service; who joins starts at a low priority.`,
    '',
    '| what happens | words | lost | doubled | longest send → screen, ms | longest send → ack, ms |',
    '|---|---|---|---|---|---|',
    ...rows.map(
      (row) =>
        `| ${row.what} | ${row.sent} | ${row.lost} | ${row.doubled} | ${row.longest_ms.toFixed(0)} | ${row.longest_ack_ms.toFixed(0)} |`,
    ),
    '',
  ].join('\n');
  const folder = new URL('../results/', import.meta.url);
  await mkdir(folder, { recursive: true });
  await writeFile(new URL('faults.md', folder), table);
  await writeFile(new URL('faults.json', folder), JSON.stringify(rows, undefined, 2) + '\n');
  console.log(table);
}
