import { connectLightClient } from './light-client.ts';

/**
 * A process of its own that holds idle visitors. It gets `{urls, tokens, per_second}` as one message from its parent,
 * reports `{connected, failed, handshake_ms}` when all have been tried, and `{lost}` when asked with `'lost?'`.
 */
interface Order {
  urls: string[];
  tokens: string[];
  per_second: number;
}

const SLICE_MS = 20;
let lost = 0;

process.on('message', (order: Order | 'lost?') => {
  if (order === 'lost?') process.send?.({ lost });
  else void hold(order);
});

async function hold({ urls, tokens, per_second }: Order): Promise<void> {
  const handshake_ms: number[] = [];
  let failed = 0;
  const attempts: Promise<void>[] = [];
  const started = performance.now();
  for (const [index, token] of tokens.entries()) {
    const due = started + (index / per_second) * 1_000;
    if (due - performance.now() > SLICE_MS)
      await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
    const began = performance.now();
    const attempt = connectLightClient({
      url: urls[index % urls.length] ?? '',
      auth: { token, protocol: 1 },
      localAddress: `127.0.0.${2 + (index % 8)}`,
      onClose: () => (lost += 1),
      deadline_ms: 60_000,
    }).then(
      () => void handshake_ms.push(performance.now() - began),
      () => void (failed += 1),
    );
    attempts.push(attempt);
  }
  await Promise.all(attempts);
  lost = 0;
  process.send?.({ connected: handshake_ms.length, failed, handshake_ms });
}
