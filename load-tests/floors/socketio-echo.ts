import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { connectLightClient } from '../clients/light-client.ts';
import { percentilesOf, type Percentiles } from '../measure/percentiles.ts';
import { paced } from './paced.ts';

/** Raw socket.io, no Nest: one event with an acknowledgement. */
export async function measureSocketioEcho(rate: number, seconds: number): Promise<Percentiles> {
  const http = createServer();
  const server = new Server(http, { transports: ['websocket'], serveClient: false });
  server.on('connection', (socket) => {
    socket.on('echo', (data: unknown, ack: (data: unknown) => void) => ack(data));
    socket.emit('connection:ready', {});
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const client = await connectLightClient({
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    auth: {},
  });
  const latencies: number[] = [];
  await paced(rate, seconds, () => {
    const began = performance.now();
    void client
      .emit('echo', { content: 'How do I return this?' })
      .then(() => latencies.push(performance.now() - began));
  });
  client.close();
  await server.close();
  return percentilesOf(latencies);
}
