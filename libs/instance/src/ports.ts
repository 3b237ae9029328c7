import { randomInt } from 'node:crypto';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { isErrno } from './process-identity.ts';

// Below the range from which Linux takes the ports of outgoing connections: a service that is restarted under load
// must not find its port taken by a client.
const LOWEST = 20_000;
const HIGHEST = 32_000;
const given = new Set<number>();

/** A TCP port that nobody uses on this machine at the moment. One process never gets the same one twice. */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST, HIGHEST);
    if (!given.has(port) && (await isPortFree(port))) {
      given.add(port);
      return port;
    }
  }
}

/** Whether a server could listen there now, on all addresses of this machine. */
export async function isPortFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      if (isErrno(error, 'EADDRINUSE')) resolve(false);
      else reject(error);
    });
    server.listen({ port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** The port that was asked for is taken. */
export class PortBusy extends Error {
  readonly port: number;
  /** "4711 (node server.js)", when this user may see it. */
  readonly owner: string | undefined;

  constructor(port: number) {
    const owner = findPortOwner(port);
    super(`Port ${port} is busy: ${owner === undefined ? 'another process' : `process ${owner}`} listens on it`);
    this.name = 'PortBusy';
    this.port = port;
    this.owner = owner;
  }
}

/** @throws PortBusy for the first of `count` ports that is taken */
export async function requireFreePorts(first: number, count: number): Promise<void> {
  for (let port = first; port < first + count; port += 1) {
    if (!(await isPortFree(port))) throw new PortBusy(port);
  }
}

/** Which process listens on the port, as far as this user may see it: "4711 (node server.js)". */
function findPortOwner(port: number): string | undefined {
  const sockets = new Set(listeningInodes(port).map((inode) => `socket:[${inode}]`));
  if (sockets.size === 0) return undefined;
  const pid = readdirSync('/proc').find((entry) => /^\d+$/.test(entry) && holdsOneOf(entry, sockets));
  return pid === undefined ? undefined : `${pid} (${commandLine(pid)})`;
}

function listeningInodes(port: number): string[] {
  const LISTEN = '0A';
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => readText(file).split('\n').slice(1));
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(wanted) === true && state === LISTEN)
    .flatMap(([, , , , , , , , , inode]) => (inode === undefined ? [] : [inode]));
}

function holdsOneOf(pid: string, sockets: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => sockets.has(readLink(`/proc/${pid}/fd/${fd}`)));
  } catch {
    return false; // Another user's process, or it has just ended.
  }
}

function commandLine(pid: string): string {
  return readText(`/proc/${pid}/cmdline`).split('\0').join(' ').trim().slice(0, 120);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function readLink(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}
