import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from './metrics.ts';
import type { Readiness } from './readiness.ts';

export interface OpsServerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  readonly log: { error(fields: object, message: string): void };
}

export interface OpsServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Operations over HTTP on an internal port, without authentication: `/healthz` (the process answers), `/readyz` (200 or 503
 * with what each probe said), `/metrics` (Prometheus text).
 * @throws when the port can't be had.
 */
export async function startOpsServer(options: OpsServerOptions): Promise<OpsServer> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    answer(path, response, options).catch((err: unknown) => {
      options.log.error({ err, path }, 'operations request failed');
      if (!response.headersSent) send(response, 500, { error: 'internal' });
    });
  });
  await listen(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(path: string, response: ServerResponse, { metrics, readiness }: OpsServerOptions) {
  switch (path) {
    case '/healthz':
      return send(response, 200, { status: 'ok' });
    case '/readyz': {
      const report = await readiness.check();
      return send(response, report.ready ? 200 : 503, report);
    }
    case '/metrics':
      response.writeHead(200, { 'content-type': metrics.contentType });
      return response.end(await metrics.render());
    default:
      return send(response, 404, { error: 'not found' });
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
