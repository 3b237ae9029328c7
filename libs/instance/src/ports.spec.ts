import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { findFreePort, isPortFree, PortBusy, requireFreePorts } from './ports.ts';

test('a busy port is told with the process that listens on it', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    const error: unknown = await requireFreePorts(port, 1).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PortBusy);
    expect(error).toMatchObject({ port, message: expect.stringContaining(`process ${process.pid} (`) });
  } finally {
    server.close();
  }
});

test('free ports differ, and can be listened on', async () => {
  const ports = [await findFreePort(), await findFreePort(), await findFreePort()];
  expect(new Set(ports).size).toBe(3);
  expect(await Promise.all(ports.map(isPortFree))).toEqual([true, true, true]);
});
