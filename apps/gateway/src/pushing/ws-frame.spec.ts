import { createRequire } from 'node:module';
import type { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { binaryFrame, eventFrame } from './ws-frame.ts';

const { Receiver } = createRequire(import.meta.url)('ws') as { Receiver: new (options: object) => Writable };

/** What a client of another make reads from the bytes. */
async function read(bytes: Buffer): Promise<{ data: Buffer; isBinary: boolean }[]> {
  const receiver = new Receiver({ isServer: false, allowSynchronousEvents: true });
  const messages: { data: Buffer; isBinary: boolean }[] = [];
  receiver.on('message', (data: Buffer, isBinary: boolean) => messages.push({ data, isBinary }));
  receiver.end(bytes);
  await new Promise((resolve) => receiver.on('finish', resolve));
  return messages;
}

test.each([0, 1, 90, 97, 98, 99, 100, 101, 65_000, 65_510, 65_511, 65_512, 65_536, 100_000])(
  'text of %i letters is read as written, at every size of the length',
  async (length) => {
    const json = JSON.stringify('x'.repeat(length));
    const [message] = await read(eventFrame('message:created', json));
    expect(message?.isBinary).toBe(false);
    expect(message?.data.toString()).toBe(`42["message:created",${json}]`);
  },
);

test('the length counts bytes, not letters', async () => {
  const [message] = await read(eventFrame('e', JSON.stringify('退货流程👋'.repeat(50))));
  expect(message?.data.toString()).toBe(`42["e","${'退货流程👋'.repeat(50)}"]`);
});

test.each([0, 125, 126, 65_535, 65_536])('%i bytes are read as bytes', async (length) => {
  const bytes = new Uint8Array(length).fill(7);
  const [message] = await read(binaryFrame(bytes));
  expect(message?.isBinary).toBe(true);
  expect(new Uint8Array(message?.data ?? Buffer.from('missing'))).toEqual(bytes);
});

test('frames behind each other are messages behind each other', async () => {
  const frames = [eventFrame('a', '1'), binaryFrame(new Uint8Array([1])), eventFrame('b', '2')];
  const messages = await read(Buffer.concat(frames));
  expect(messages.map(({ data, isBinary }) => (isBinary ? 'bytes' : data.toString()))).toEqual([
    '42["a",1]',
    'bytes',
    '42["b",2]',
  ]);
});
