import { afterEach, describe, expect, test } from 'vitest';
import { handleCrashes } from './crash.ts';
import { createLogger } from './logger.ts';
import { createMetrics } from './metrics.ts';
import { startOpsServer, type OpsServer } from './ops-server.ts';
import { Readiness } from './readiness.ts';

function logged(write: (log: ReturnType<typeof createLogger>) => void): {
  text: string;
  entry: Record<string, unknown>;
} {
  const lines: string[] = [];
  write(createLogger({ service: 'test', level: 'debug', destination: { write: (line: string) => lines.push(line) } }));
  const text = lines.join('');
  return { text, entry: JSON.parse(text) as Record<string, unknown> };
}

describe('the log', () => {
  test('holds no secret and no word of a customer, however deep', () => {
    const { text, entry } = logged((log) =>
      log.info(
        {
          session_id: 'ses_1',
          request: { headers: { Authorization: 'Bearer abc.def' }, body: { password: 'hunter22' } },
          batch: [{ record: { content: 'my card is 4111' } }],
          url: 'mysql://root:hunter22@db/seqdesk',
          raw: Buffer.from('my card is 4111'),
        },
        'with sk_live_abcdefgh12345 and eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2ln inside',
      ),
    );
    expect(entry).toMatchObject({ level: 'info', service: 'test', session_id: 'ses_1', raw: '[15 bytes]' });
    expect(text).not.toMatch(/hunter22|abc\.def|4111|sk_live|eyJ/);
  });

  test('tells an error with its cause and code, without the statement that failed', () => {
    const cause = Object.assign(new Error('duplicate'), { code: 'ER_DUP_ENTRY', sql: "INSERT 'my card is 4111'" });
    const { text, entry } = logged((log) => log.error({ err: new Error('insert failed', { cause }) }, 'no'));
    expect(entry['err']).toMatchObject({
      type: 'Error',
      message: 'insert failed',
      cause: { message: 'duplicate', code: 'ER_DUP_ENTRY', sql: '[redacted]' },
    });
    expect(text).not.toContain('4111');
  });

  test('takes an offset as bigint and a field that contains itself', () => {
    const loop: Record<string, unknown> = { offset: 12n };
    loop['self'] = loop;
    expect(logged((log) => log.info(loop, 'x')).entry).toMatchObject({ offset: '12' });
  });
});

test('a metric asked for twice is one metric', async () => {
  const metrics = createMetrics({ service: 'test' });
  const spec = { name: 'seqdesk_test_things_total', help: 'Things.', labels: ['kind'] } as const;
  metrics.counter(spec).inc({ kind: 'a' });
  metrics.counter(spec).inc({ kind: 'a' }, 2);
  expect(await metrics.render()).toContain('seqdesk_test_things_total{kind="a",service="test"} 3');
});

test('a crash leaves a last word and status 1', () => {
  const seen: unknown[] = [];
  const before = { e: process.listeners('uncaughtException'), r: process.listeners('unhandledRejection') };
  const crash = handleCrashes({
    log: { fatal: (fields) => seen.push(fields) },
    exit: (status) => seen.push(status),
  });
  for (const listener of process.listeners('uncaughtException'))
    if (!before.e.includes(listener)) process.off('uncaughtException', listener);
  for (const listener of process.listeners('unhandledRejection'))
    if (!before.r.includes(listener)) process.off('unhandledRejection', listener);
  const err = new Error('x');
  crash(err);
  expect(seen).toEqual([{ err }, 1]);
});

describe('the operations port', () => {
  let server: OpsServer | undefined;
  afterEach(() => server?.close());

  async function start(readiness: Readiness) {
    const metrics = createMetrics({ service: 'test' });
    server = await startOpsServer({ host: '127.0.0.1', port: 0, metrics, readiness, log: { error: () => {} } });
    const base = `http://127.0.0.1:${server.port}`;
    return (path: string) => fetch(base + path);
  }

  test('is ready while every probe succeeds, and says which one does not', async () => {
    const readiness = new Readiness();
    let broken = false;
    readiness.register('redis', () => {});
    readiness.register('kafka', () => {
      if (broken) throw new Error('no broker');
    });
    const get = await start(readiness);
    expect((await get('/readyz')).status).toBe(200);
    broken = true;
    const answer = await get('/readyz');
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ ready: false, probes: { redis: 'ok', kafka: 'no broker' } });
    expect((await get('/healthz')).status).toBe(200);
  });

  test('is not ready once it drains', async () => {
    const readiness = new Readiness();
    const get = await start(readiness);
    readiness.startDraining();
    expect((await get('/readyz')).status).toBe(503);
  });

  test('shows the metrics, and nothing else', async () => {
    const get = await start(new Readiness());
    expect(await (await get('/metrics')).text()).toContain('process_cpu_user_seconds_total{service="test"}');
    expect((await get('/etc/passwd')).status).toBe(404);
  });
});
