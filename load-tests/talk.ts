import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { InstanceFile } from './instance.ts';
import { percentilesOf, type Percentiles } from './measure/percentiles.ts';
import { type ProcessUse, watchProcesses } from './measure/processes.ts';
import { bootVisitors, makePairs } from './people.ts';
import { type Verdict, verify, type SentWord } from './verify.ts';
import { sendWords, waitShown } from './words.ts';

export interface TalkOptions {
  idle: number;
  pairs: number;
  rate: number;
  seconds: number;
  /** Idle connections a second while the crowd comes in. */
  arrivals: number;
}

export interface TalkResult {
  options: TalkOptions;
  connected: number;
  refused: number;
  lost_connections: number;
  /** From the TCP connect to `connection:ready`, at the client. */
  handshake: Percentiles;
  /** Visitor's send → the agent's frame. */
  delivery: Percentiles;
  /** Send → acknowledgement. */
  ack: Percentiles;
  /** Acknowledgement → committed; negative when the commit came first. */
  stored_after_ack: Percentiles;
  processes: ProcessUse[];
  generator: ProcessUse[];
  verdict: Verdict;
}

const WARM_UP_SECONDS = 5;

/** A crowd of idle visitors, pairs that talk at a given rate; everything acked is looked for in MySQL and on the agents' screens. */
export async function runTalk(instance: InstanceFile, options: TalkOptions): Promise<TalkResult> {
  const crowd = await gatherCrowd(instance, options);
  const words = new Map<string, SentWord>();
  const arrivals: { session_id: string; seq_id: number; client_msg_id: string }[] = [];
  const pairs = await makePairs(instance, options.pairs, (side, message) => {
    if (side !== 'agent') return;
    const client_msg_id = String(message['client_msg_id']);
    const word = words.get(client_msg_id);
    if (word) word.shown_at ??= performance.now();
    arrivals.push({ session_id: String(message['session_id']), seq_id: Number(message['seq_id']), client_msg_id });
  });

  await sendWords(pairs, options.rate, WARM_UP_SECONDS, words);
  const warmUp = words.size;
  const endWindow = watchProcesses(namedProcesses(instance));
  const endGenerator = watchProcesses([{ name: 'load generator', pid: process.pid }]);
  await sendWords(pairs, options.rate, options.seconds, words);
  const [processes, generator] = [endWindow(), endGenerator()];
  await waitShown(words);

  const measured = [...words.values()].slice(warmUp);
  const verdict = await verify(instance.engines.mysql_url, words, arrivals);
  const lost_connections = await crowd.countLost();
  for (const pair of pairs) await pair.end();
  for (const agent of new Set(pairs.map((pair) => pair.agent))) agent.close();
  crowd.end();
  const times = (pick: (word: SentWord) => number | undefined) =>
    percentilesOf(measured.flatMap((word) => pick(word) ?? []));
  return {
    options,
    connected: crowd.connected,
    refused: crowd.failed,
    lost_connections,
    handshake: percentilesOf(crowd.handshake_ms),
    delivery: times((word) => word.shown_at && word.shown_at - word.sent_at),
    ack: times((word) => word.acked_at && word.acked_at - word.sent_at),
    stored_after_ack: times((word) => word.acked_at && word.stored_at && word.stored_at - word.acked_at),
    processes,
    generator,
    verdict,
  };
}

function namedProcesses(instance: InstanceFile): { name: string; pid: number }[] {
  return instance.services.map(({ name, replica, pid }) => ({ name: `${name} ${replica}`, pid }));
}

interface Crowd {
  connected: number;
  failed: number;
  handshake_ms: number[];
  countLost(): Promise<number>;
  end(): void;
}

async function gatherCrowd(instance: InstanceFile, { idle, arrivals }: TalkOptions): Promise<Crowd> {
  if (idle === 0) return { connected: 0, failed: 0, handshake_ms: [], countLost: async () => 0, end: () => {} };
  const tokens = await bootVisitors(instance, idle);
  const child = fork(new URL('./clients/idle-crowd.ts', import.meta.url), { execArgv: ['--conditions=source'] });
  child.send({ urls: instance.gateways.slice(0, 1), tokens, per_second: arrivals });
  const [report] = (await once(child, 'message')) as [Pick<Crowd, 'connected' | 'failed' | 'handshake_ms'>];
  return { ...report, countLost: () => askLost(child), end: () => child.kill() };
}

async function askLost(child: ChildProcess): Promise<number> {
  child.send('lost?');
  const [{ lost }] = (await once(child, 'message')) as [{ lost: number }];
  return lost;
}
