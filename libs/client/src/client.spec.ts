import { afterEach, expect, test, vi } from 'vitest';
import { createClient } from './client.ts';

/** Longer than the whole process may stand still: what is waited for comes over real sockets. */
const until = (check: () => boolean) => vi.waitUntil(check, { timeout: 9_000 });

// Not only before each test: other files run in the same process.
afterEach(() => vi.restoreAllMocks());

interface Page {
  log_epoch: number;
  last_seq_id: number;
  items: { session_id: string; seq_id: number; message_id: string; client_msg_id: string }[];
}

/** The messages `1…last_seq_id` of a session as the server has them in an epoch. */
function pageOf(session_id: string, last_seq_id: number, log_epoch: number): Page {
  const items = Array.from({ length: last_seq_id }, (_, index) => {
    const name = `${log_epoch}-${session_id}-${index + 1}`;
    return { session_id, seq_id: index + 1, message_id: name, client_msg_id: name };
  });
  return { log_epoch, last_seq_id, items };
}

/** A client over a server that gives each question for messages the next page; of sessions only those given are to be had. */
function clientOver(pages: (Page | Promise<Page>)[], sessions: Record<string, () => Promise<Response>> = {}) {
  let asked = 0;
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (url) => {
    const { pathname } = new URL(new Request(url).url);
    if (!pathname.endsWith('/messages')) {
      return (await sessions[pathname.split('/').at(-1) ?? '']?.()) ?? new Response('', { status: 503 });
    }
    const page = pages[Math.min(asked, pages.length - 1)];
    asked += 1;
    return Response.json(await page);
  });
  const client = createClient({ url: 'http://chat.invalid', token: 'token', random: () => 0 });
  const resets: number[] = [];
  client.on('reset', ({ log_epoch }) => resets.push(log_epoch));
  const shown = (session_id: string) => client.messages(session_id).map((message) => String(message.message_id));
  return { client, resets, shown };
}

test('a page of a past epoch resets nothing and is asked for again', async () => {
  const { client, resets, shown } = clientOver([pageOf('a', 2, 5), pageOf('b', 3, 4), pageOf('b', 1, 5)]);
  await client.follow('a');
  await client.follow('b');
  expect(client.log_epoch).toBe(5);
  expect(resets).toEqual([]);
  expect(shown('a')).toEqual(['5-a-1', '5-a-2']);
  expect(shown('b')).toEqual(['5-b-1']);
  client.close();
});

test('a higher epoch drops the lists and reads them again, also while an answer of the one before is on its way', async () => {
  let giveLate = (_: Page): void => {};
  const late = new Promise<Page>((resolve) => (giveLate = resolve));
  const first = pageOf('a', 2, 5);
  const { client, resets, shown } = clientOver([first, late, pageOf('b', 1, 6), pageOf('a', 1, 6)]);
  await client.follow('a');
  const again = client.follow('a');
  await client.follow('b');
  expect(resets).toEqual([6]);
  giveLate(pageOf('a', 2, 5));
  await again;
  expect(resets).toEqual([6]);
  expect(shown('a')).toEqual(['6-a-1']);
  expect(shown('b')).toEqual(['6-b-1']);
  client.close();
});

test('a session that was asked for before a reset is not shown after it', async () => {
  let giveLate = (_: object): void => {};
  const late = new Promise<object>((resolve) => (giveLate = resolve));
  const { client, resets } = clientOver([pageOf('a', 1, 5), pageOf('b', 1, 5), pageOf('a', 1, 6)], {
    b: vi
      .fn(async () => new Response('', { status: 503 }))
      .mockImplementationOnce(() => late.then((session) => Response.json(session))),
  });
  await client.follow('a');
  const following = client.follow('b');
  await until(() => client.messages('b').length === 1);
  await client.follow('a');
  expect(resets).toEqual([6]);
  giveLate({ session_id: 'b', version: 9, last_seq_id: 7 });
  await following;
  expect(client.session('b')).toBeUndefined();
  client.close();
});

test('a token source that fails for a while: run goes on, and a follow ends well when there is a token', async () => {
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (url) =>
    new Request(url).url.includes('/messages?') ? Response.json(pageOf('a', 1, 5)) : new Response('', { status: 503 }),
  );
  let failures = 4;
  const token = async (): Promise<string> => {
    if (failures-- > 0) throw new Error('offline');
    return 'token';
  };
  const client = createClient({ url: 'http://chat.invalid', token, random: () => 0 });
  await client.follow('a');
  expect(client.messages('a')).toHaveLength(1);
  failures = Infinity;
  const running = client.run();
  const states: string[] = [];
  client.on('connection', ({ state, error }) => states.push(`${state} ${error?.code ?? ''}`));
  await until(() => states.length >= 3);
  expect(new Set(states)).toEqual(new Set(['connecting UNAVAILABLE']));
  client.close();
  await running;
});

test('a status that is chosen before the socket stands goes over REST', async () => {
  const asked = vi.spyOn(globalThis, 'fetch').mockImplementation(async () => Response.json({ status: 'busy' }));
  const client = createClient({ url: 'http://chat.invalid', token: 'token' });
  await client.setStatus('busy', 'lunch');
  expect(asked).toHaveBeenCalledWith(
    'http://chat.invalid/api/v1/me',
    expect.objectContaining({ method: 'PATCH', body: '{"status":"busy"}' }),
  );
  client.close();
});
