import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { percentilesOf, type Percentiles } from '../measure/percentiles.ts';
import { paced } from './paced.ts';

/** The least a WebSocket can cost here: one message to a plain `ws` server and back. */
export async function measureWsEcho(rate: number, seconds: number): Promise<Percentiles> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  server.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  await once(server, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    perMessageDeflate: false,
  });
  await once(client, 'open');
  const latencies: number[] = [];
  client.on('message', (data: Buffer) => latencies.push(performance.now() - Number(data.toString())));
  await paced(rate, seconds, () => client.send(String(performance.now())));
  client.terminate();
  server.close();
  return percentilesOf(latencies);
}
