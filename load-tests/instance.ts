import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const START_LIMIT_MS = 180_000;
const STOP_LIMIT_MS = 30_000;

/** What `npm start` writes for tools; times and pids are of this machine. */
export interface InstanceFile {
  url: string;
  gateways: string[];
  admin: { username: string; password: string };
  demo: { channel_id: string; team_id: string; api_key: string };
  engines: { mysql_url: string; redis_url: string; kafka_brokers: string };
  services: { name: string; replica: number; pid: number; http_port: number }[];
}

export interface RunningInstance {
  file: InstanceFile;
  stop(): Promise<void>;
}

/** A load is no visitor: its limits are raised by configuration, and the report says so. */
export const RAISED_LIMITS = {
  GATEWAY_LIMITS_MESSAGES_PER_SECOND: '100000',
  GATEWAY_LIMITS_BURST: '100000',
  GATEWAY_LIMITS_SOCKETS_PER_ADDRESS: '100000',
  GATEWAY_LIMITS_HANDSHAKES_PER_SECOND_PER_ADDRESS: '100000',
  GATEWAY_LIMITS_API_CALLS_PER_SECOND_PER_ADDRESS: '100000',
  SESSION_LOGIN_ATTEMPTS_PER_MINUTE: '100000',
  SESSION_LIMITS_API_CALLS_PER_SECOND: '100000',
  SESSION_LIMITS_API_BURST: '100000',
} as const;

/** Reads a running instance; it is left running at the end. */
export async function attach(path: string): Promise<RunningInstance> {
  return { file: JSON.parse(await readFile(path, 'utf8')) as InstanceFile, stop: async () => {} };
}

/** Starts the product as an operator would, in a temporary folder, and ends it afterwards. */
export async function start(replicas: string, engineData: 'ram' | 'disk', port: number): Promise<RunningInstance> {
  const dataDir = await mkdtemp(join(tmpdir(), 'seqdesk-load-'));
  const args = ['scripts/start.mjs', '--port', String(port), '--data', dataDir];
  const child = spawn(process.execPath, [...args, '--replicas', replicas, '--engine-data', engineData], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...RAISED_LIMITS },
  });
  const stop = async () => {
    if (child.exitCode === null) {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, STOP_LIMIT_MS))]);
    }
    await rm(dataDir, { recursive: true, force: true });
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => void stop().then(() => process.exit(130)));
  const end = Date.now() + START_LIMIT_MS;
  while (Date.now() < end && child.exitCode === null) {
    const text = await readFile(join(dataDir, 'instance.json'), 'utf8').catch(() => undefined);
    if (text) return { file: JSON.parse(text) as InstanceFile, stop };
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  await stop();
  throw new Error('the instance did not start; its messages stand above');
}
